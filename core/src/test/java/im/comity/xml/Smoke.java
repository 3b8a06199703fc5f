package im.comity.xml;

class Smoke {
  public static void main(String[] a) {
    for (String s :
        new String[] {
          Scan.HEADER
              + "<message to='a@b' from=\"c&amp;d\" xml:lang='de'><body>h&#x41;i\r\n ü €</body><x xmlns='urn:x'/></message> <iq/></stream:stream>\n",
          "<?xml version='1.0'?>" + Scan.HEADER + "<a><b></c>",
          "<?xml version='1.1'?>",
          "\uFEFF<?xml version=\"1.0\" encoding='utf-8' standalone='yes' ?>\n"
              + Scan.HEADER
              + "<stream:features xmlns:q='urn:q'><q:a q:b='1' b='2'/><y xmlns='jabber:client'/></stream:features>",
          Scan.HEADER + "<a b='1' b='2'/>",
          Scan.HEADER + "<a>&foo;</a>",
          Scan.HEADER + "<a><!-- --></a>",
          Scan.HEADER + "<a><![CDATA[ ]]] ]]]></a>",
          Scan.HEADER + "x"
        }) {
      for (Scan.Chunks c : new Scan.Chunks[] {Scan.Chunks.whole(), Scan.Chunks.bytes()}) {
        System.out.println(
            String.join(
                "\n",
                Scan.of(
                        s.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        ScannerLimits.PROVEN,
                        c)
                    .log()));
        System.out.println("--");
      }
    }
  }
}
