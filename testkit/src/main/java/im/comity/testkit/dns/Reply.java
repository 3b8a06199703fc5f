package im.comity.testkit.dns;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.xbill.DNS.Rcode;

/** What the zones say to one question; grows link by link along a chain of aliases. */
final class Reply {
  final List<RecordSet> answer = new ArrayList<>();
  final List<RecordSet> authority = new ArrayList<>();

  /** NSEC and NSEC3 for the authority section, for those who ask for them. */
  final Set<RecordSet> proof = new LinkedHashSet<>();

  int rcode = Rcode.NOERROR;
  boolean silent;

  void fail() {
    answer.clear();
    authority.clear();
    proof.clear();
    rcode = Rcode.SERVFAIL;
  }
}
