package im.comity.stanza;

import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a stanza may be answered with an error, and the answer (RFC 6120 8.3). */
public final class Bounce {
  /** The greatest iq, in bytes, whose content is sent back with the error (S2S-BNC-08). */
  static final int MAX_RETURNED = 1024;

  private Bounce() {}

  /**
   * The error for a stanza, or null where nothing may be answered: to any stanza of type error, to
   * the result of an iq (S2S-STZ-11), to presence of type unavailable (S2S-BNC-12). Whoever gets
   * null counts the drop.
   *
   * <p>From and to are swapped, kind and id kept (S2S-BNC-02, S2S-STZ-15). A small iq is sent back
   * with the error; the content of others is not, nor of any stanza that is refused for breaking a
   * limit (S2S-BNC-08, S2S-XML-16).
   */
  public static @Nullable Stanza of(Stanza stanza, StanzaError error) {
    if (!mayBeAnswered(stanza.envelope())) {
      return null;
    }
    boolean returned =
        stanza.kind() == StanzaKind.IQ
            && stanza.octets().length() <= MAX_RETURNED
            && error.condition() != StanzaErrorCondition.POLICY_VIOLATION;
    return answer(stanza.envelope(), error, returned ? stanza.toElement().children() : List.of());
  }

  /** The error for a stanza of which only the start tag is at hand, or null as above. */
  public static @Nullable Stanza of(Envelope envelope, StanzaError error) {
    return mayBeAnswered(envelope) ? answer(envelope, error, List.of()) : null;
  }

  private static boolean mayBeAnswered(Envelope envelope) {
    String type = envelope.type();
    if (type == null) {
      return true;
    }
    return switch (envelope.kind()) {
      case MESSAGE -> !type.equals("error");
      case PRESENCE -> !type.equals("error") && !type.equals("unavailable");
      case IQ -> !type.equals("error") && !type.equals("result");
    };
  }

  private static Stanza answer(Envelope envelope, StanzaError error, List<Element> content) {
    Element.Builder answer =
        Element.of(Namespaces.SERVER, envelope.kind().wire())
            .attribute("from", envelope.to().toString())
            .attribute("to", envelope.from().toString());
    if (envelope.id() != null) {
      answer.attribute("id", envelope.id());
    }
    answer.attribute("type", "error");
    content.forEach(answer::child);
    answer.child(error.toElement());
    Envelope back =
        new Envelope(envelope.kind(), envelope.to(), envelope.from(), envelope.id(), "error", null);
    return new Stanza(back, Rewriting.rewrite(answer.build(), Namespaces.SERVER, null), false);
  }
}
