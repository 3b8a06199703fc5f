package im.comity.stanza;

import im.comity.xml.StartTag;
import org.jspecify.annotations.Nullable;

/** What a first-level element of a stream turned out to be. */
public sealed interface Reading {

  /** A stanza that may be routed. Its iq may still be one to refuse: {@link Envelope}. */
  record Read(Stanza stanza) implements Reading {}

  /**
   * The start tag of a stanza over a limit: its rest was skipped, or would grow beyond measure if
   * it were written anew. It can be answered with {@code policy-violation} and not handed on.
   */
  record Head(Envelope envelope) implements Reading {}

  /**
   * A stanza without a usable {@code from} or {@code to} (S2S-STZ-02, decision C15).
   *
   * @param start its start tag
   * @param attribute {@code from} or {@code to}
   * @param problem what is wrong with it, fit for a log
   * @param envelope what can be answered with {@code jid-malformed} while the stream lives: the
   *     addresses, with malformed ones cut down to their domain. Null if an address is missing or
   *     its domainpart cannot be read, which closes the stream with {@code improper-addressing}
   */
  record BadAddress(StartTag start, String attribute, String problem, @Nullable Envelope envelope)
      implements Reading {
    /** Whether nobody can be answered, so that the stream must be closed. */
    public boolean domainUnreadable() {
      return envelope == null;
    }
  }

  /** A stanza whose element has a prefix; it is not to be accepted (S2S-NS-07). */
  record BadNamespacePrefix(StartTag start) implements Reading {}

  /** A stanza in the content namespace of another kind of stream (S2S-NS-02, S2S-QK-95). */
  record WrongNamespace(StartTag start) implements Reading {}

  /** Any other element; never routed to another entity (S2S-NS-12, -13). */
  record NotAStanza(StartTag start) implements Reading {}
}
