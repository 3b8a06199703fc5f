package im.comity.xml;

/** What was wrong with the XML received, and which stream error it deserves. */
public sealed interface XmlViolation {

  /** The stream error, RFC 6120 4.9.3. */
  Kind kind();

  /** What was wrong, for a log and for the text of the error; never more than 200 characters. */
  String detail();

  /** The stream error conditions that a violation of XML leads to. */
  enum Kind {
    /** Not XML 1.0, or not in the sense of its namespaces (S2S-XML-05, -06, -10, -11). */
    NOT_WELL_FORMED,
    /** A comment, processing instruction, DTD or entity reference (S2S-XML-02 to -04). */
    RESTRICTED_XML,
    /** Not UTF-8, by its own word or in fact (S2S-XML-08). */
    UNSUPPORTED_ENCODING,
    /**
     * An element of the content namespace with a prefix (S2S-NS-07). It is XML, so no scanner finds
     * it, but the readers of what was scanned do.
     */
    BAD_NAMESPACE_PREFIX,
    /** XML that makes no stream: text between first-level elements (S2S-XML-12). */
    BAD_FORMAT,
    /** Over a limit, and not to be skipped (S2S-XML-15, -18). */
    POLICY_VIOLATION
  }

  /** The bytes are not what XMPP allows. */
  record Unreadable(Kind kind, String detail) implements XmlViolation {}

  /** The bytes go over a limit. */
  record OverLimit(ScannerLimits.Limit limit, String detail) implements XmlViolation {
    @Override
    public Kind kind() {
      return Kind.POLICY_VIOLATION;
    }
  }
}
