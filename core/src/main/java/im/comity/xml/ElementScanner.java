package im.comity.xml;

import java.util.Map;

/**
 * Finds the first-level elements of an XML stream in bytes, and checks all of XML in the same pass.
 *
 * <p>Bytes are pushed in, events come out, on any division into chunks. The caller scans a chunk
 * again from {@link #position()} until it gets {@link Event#MORE}:
 *
 * <pre>{@code
 * for (int at = from; ; at = scanner.position()) {
 *   switch (scanner.scan(bytes, at, to)) {
 *     case MORE -> { return; }
 *     case ELEMENT -> take(scanner.element());
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>For one thread at a time.
 */
public final class ElementScanner {

  /** What the scanner found. */
  public enum Event {
    /** Everything was consumed, and nothing is complete. */
    MORE,
    /**
     * The stream header: {@link #start()}, {@link #defaultNamespace()}, {@link #prefixes()} speak
     * of it.
     */
    HEADER,
    /** A first-level element: {@link #element()}. */
    ELEMENT,
    /**
     * A first-level element that went over {@link #limit()} was checked and skipped to its end;
     * {@link #start()} is its start tag (S2S-XML-15, decision C20). One whose start tag itself goes
     * over a limit has no readable addresses and is a {@link #VIOLATION}.
     */
    REFUSED,
    /** The end tag of the stream. */
    END,
    /** {@link #violation()}; nothing more is scanned until {@link #restart()}. */
    VIOLATION
  }

  /** A scanner at the start of a document. */
  public ElementScanner(ScannerLimits limits) {}

  /**
   * Consumes bytes up to the next event. What the event before handed out is void from now on.
   *
   * @return the event; {@link Event#MORE} if and only if all was consumed and nothing was found
   */
  public Event scan(byte[] bytes, int from, int to) {
    return Soon.soon();
  }

  /** The index of the first byte not consumed by the last {@link #scan}. */
  public int position() {
    return Soon.soon();
  }

  /** A new document follows, as after TLS and SASL negotiation: forgets all but the limits. */
  public void restart() {
    Soon.soon();
  }

  /**
   * Sets the limits for what begins from now on; an element half read keeps those it began with.
   */
  public void limits(ScannerLimits limits) {
    Soon.soon();
  }

  /** Whether nothing is half read: between elements, or before the first byte of a document. */
  public boolean betweenElements() {
    return Soon.soon();
  }

  /**
   * The start tag of the header or of the element refused.
   *
   * @throws IllegalStateException if the last event was neither
   */
  public StartTag start() {
    return Soon.soon();
  }

  /**
   * The element.
   *
   * @throws IllegalStateException if the last event was not {@link Event#ELEMENT}
   */
  public ScannedElement element() {
    return Soon.soon();
  }

  /**
   * The limit the refused element went over first.
   *
   * @throws IllegalStateException if the last event was not {@link Event#REFUSED}
   */
  public ScannerLimits.Limit limit() {
    return Soon.soon();
  }

  /**
   * What was wrong.
   *
   * @throws IllegalStateException if the last event was not {@link Event#VIOLATION}
   */
  public XmlViolation violation() {
    return Soon.soon();
  }

  /** The default namespace the header declared, or empty; kept until {@link #restart()}. */
  public String defaultNamespace() {
    return Soon.soon();
  }

  /** The prefixes the header declared, with their namespaces; kept until {@link #restart()}. */
  public Map<String, String> prefixes() {
    return Soon.soon();
  }
}
