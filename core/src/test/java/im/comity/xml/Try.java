package im.comity.xml;

import java.util.*;

class Try {
  public static void main(String[] a) throws Exception {
    Differential d = new Differential(Oracle.all());
    System.out.println(Oracle.all().stream().map(Oracle::name).toList());
    long seed0 = a.length > 0 ? Long.parseLong(a[0]) : 1;
    int n = a.length > 1 ? Integer.parseInt(a[1]) : 20000;
    int elements = 0, fails = 0;
    Set<String> seen = new HashSet<>();
    int acc = 0;
    for (int i = 0; i < n; i++) {
      Random r = new Random(seed0 * 1000003 + i);
      Documents docs = new Documents(r);
      byte[] doc = docs.next();
      if (r.nextBoolean()) doc = docs.spoil(doc);
      try {
        elements += d.check(doc);
        byte[] f = doc;
        List<String> whole = Scan.of(doc, ScannerLimits.PROVEN, Scan.Chunks.whole()).log();
        for (Scan.Chunks c : new Scan.Chunks[] {Scan.Chunks.bytes(), Scan.Chunks.random(r, 7)}) {
          List<String> other = Scan.of(doc, ScannerLimits.PROVEN, c).log();
          if (!other.equals(whole)) throw new AssertionError("chunks " + whole + "\n" + other);
        }
      } catch (Throwable e) {
        String m = String.valueOf(e);
        String k = m.substring(0, Math.min(70, m.length())).replaceAll("[0-9]+", "#");
        if (seen.add(k) && fails++ < 12) {
          System.out.println("seed " + i + ": " + m.substring(0, Math.min(1500, m.length())));
          if (!(e instanceof AssertionError)) e.printStackTrace(System.out);
        }
      }
    }
    System.out.println(elements + " elements, fails " + fails);
  }
}
