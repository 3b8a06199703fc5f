package im.comity.dialback;

import im.comity.xml.Element;

/** What came of reading an element of dialback. */
public sealed interface DialbackReading {
  /**
   * It is well formed.
   *
   * @param element what it says
   */
  record Read(DialbackElement element) implements DialbackReading {}

  /**
   * A request whose {@code from} or {@code to} is missing or no domain: nobody can be answered, so
   * the stream ends with {@code improper-addressing} (S2S-DB-30, S2S-DB-64).
   *
   * @param detail what is wrong
   */
  record Unaddressed(String detail) implements DialbackReading {}

  /**
   * A request that is wrong otherwise and is answered with an error; the stream goes on
   * (S2S-DB-64).
   *
   * @param answer what to send
   * @param detail what is wrong
   */
  record Malformed(Element answer, String detail) implements DialbackReading {}

  /**
   * An answer that cannot belong to any request; dropped like every unasked one (S2S-DB-65).
   *
   * @param detail what is wrong
   */
  record Unmatchable(String detail) implements DialbackReading {}
}
