package im.comity.address;

import com.ibm.icu.text.StringPrep;
import com.ibm.icu.text.StringPrepParseException;
import rocks.xmpp.precis.PrecisProfile;
import rocks.xmpp.precis.PrecisProfiles;

/**
 * Whether anybody could prepare a localpart or resourcepart that is not plain ASCII: by PRECIS (RFC
 * 7622) or by stringprep (RFC 6122), which peers still use (S2S-JID-06). A class of its own so that
 * plain addresses load no tables.
 */
final class Preparation {
  private static final StringPrep NODEPREP = StringPrep.getInstance(StringPrep.RFC3920_NODEPREP);
  private static final StringPrep RESOURCEPREP =
      StringPrep.getInstance(StringPrep.RFC3920_RESOURCEPREP);

  private Preparation() {}

  static boolean preparesLocal(String local) {
    String precis = enforce(PrecisProfiles.USERNAME_CASE_MAPPED, local);
    // Width mapping can bring forth a delimiter, for instance of U+FF20; nodeprep refuses it
    // itself.
    return (isSized(precis) && precis.chars().allMatch(c -> c >= 0x80 || Jid.isLocalAscii(c)))
        || isSized(prepare(NODEPREP, local));
  }

  static boolean preparesResource(String resource) {
    return isSized(enforce(PrecisProfiles.OPAQUE_STRING, resource))
        || isSized(prepare(RESOURCEPREP, resource));
  }

  /** The prepared text, or the empty one if the profile refuses it. */
  private static String enforce(PrecisProfile profile, String text) {
    try {
      return profile.enforce(text);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  /** The prepared text, or the empty one if the profile refuses it. */
  private static String prepare(StringPrep profile, String text) {
    try {
      return profile.prepare(text, StringPrep.DEFAULT);
    } catch (StringPrepParseException | IndexOutOfBoundsException e) {
      // ICU4J 79.1 trips over its own context when it refuses a character late in a long text.
      return "";
    }
  }

  private static boolean isSized(String prepared) {
    return !prepared.isEmpty() && Domain.octets(prepared) <= Domain.MAX_OCTETS;
  }
}
