package im.comity.xml;

import im.comity.xml.XmlViolation.Kind;
import im.comity.xml.XmlViolation.Unreadable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The XML declaration, production 23 of XML 1.0, of which XMPP allows little. */
final class XmlDeclaration {
  /** Every quantifier is possessive, so that it takes linear time. */
  private static final Pattern PARTS =
      Pattern.compile(
          """
          [\\x20\\t\\r\\n]++ version [\\x20\\t\\r\\n]*+ = [\\x20\\t\\r\\n]*+
            (?: '([^']*+)' | "([^"]*+)" )
          (?: [\\x20\\t\\r\\n]++ encoding [\\x20\\t\\r\\n]*+ = [\\x20\\t\\r\\n]*+
            (?: '([A-Za-z][A-Za-z0-9._-]*+)' | "([A-Za-z][A-Za-z0-9._-]*+)" ) )?+
          (?: [\\x20\\t\\r\\n]++ standalone [\\x20\\t\\r\\n]*+ = [\\x20\\t\\r\\n]*+
            (?: '(yes|no)' | "(yes|no)" ) )?+
          [\\x20\\t\\r\\n]*+
          """,
          Pattern.COMMENTS);

  private XmlDeclaration() {}

  /**
   * What is wrong with a declaration, or null.
   *
   * @param content what stands between {@code <?xml} and {@code ?>}
   */
  static @Nullable Unreadable check(CharSequence content) {
    Matcher parts = PARTS.matcher(content);
    if (!parts.matches()) {
      return new Unreadable(Kind.NOT_WELL_FORMED, "a malformed XML declaration");
    }
    if (!"1.0".equals(either(parts, 1))) {
      return new Unreadable(Kind.NOT_WELL_FORMED, "not XML 1.0");
    }
    String encoding = either(parts, 3);
    if (encoding != null && !encoding.equalsIgnoreCase("UTF-8")) {
      return new Unreadable(Kind.UNSUPPORTED_ENCODING, "an encoding declared that is not UTF-8");
    }
    if ("no".equals(either(parts, 5))) {
      return new Unreadable(Kind.RESTRICTED_XML, "a document that does not stand alone");
    }
    return null;
  }

  /** What stands in single quotes, or in double quotes. */
  private static @Nullable String either(Matcher parts, int group) {
    return parts.group(group) != null ? parts.group(group) : parts.group(group + 1);
  }
}
