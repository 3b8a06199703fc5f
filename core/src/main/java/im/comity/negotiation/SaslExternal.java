package im.comity.negotiation;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.Jid;
import im.comity.event.NegotiationException;
import im.comity.event.NegotiationFailure;
import im.comity.stream.NegotiatingStream;
import im.comity.stream.StreamEnded;
import im.comity.xml.Element;
import im.comity.xml.Namespaces;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** SASL EXTERNAL, both roles (RFC 6120 6, XEP-0178, streams.md 12). */
final class SaslExternal {
  private static final Element SUCCESS = Element.of(Namespaces.SASL, "success").build();
  private static final Element CHALLENGE = Element.of(Namespaces.SASL, "challenge").build();

  /** The longest text of a failure that is kept, in characters. */
  private static final int TEXT_LIMIT = 300;

  private SaslExternal() {}

  /** What a peer answered to our attempt. */
  sealed interface Answer {
    /** It takes our certificate. */
    record Success() implements Answer {}

    /** It does not. */
    record Failure(NegotiationFailure.PeerSaslFailure why) implements Answer {}
  }

  /** Initiating: authenticates as the domain and reads the answer. */
  static Answer request(NegotiatingStream stream, Domain as)
      throws NegotiationException, StreamEnded {
    stream.step("auth");
    String identity =
        Base64.getEncoder().encodeToString(as.toString().getBytes(StandardCharsets.UTF_8));
    stream.send(
        Element.of(Namespaces.SASL, "auth")
            .attribute("mechanism", "EXTERNAL")
            .text(identity)
            .build());
    boolean challenged = false;
    while (true) {
      Element answer = stream.await();
      if (answer.is(Namespaces.SASL, "success")) {
        return new Answer.Success();
      }
      if (answer.is(Namespaces.SASL, "failure")) {
        return new Answer.Failure(failure(answer));
      }
      // An old peer may ask again for what it was told (S2S-EXT-10); once.
      if (answer.is(Namespaces.SASL, "challenge") && !challenged) {
        challenged = true;
        stream.send(Element.of(Namespaces.SASL, "response").text(identity).build());
        continue;
      }
      throw new NegotiationException(
          new NegotiationFailure.PeerMisbehaved(
              NegotiationFailure.Rule.UNEXPECTED_ELEMENT, answer.name() + " in answer to auth"));
    }
  }

  /** Unknown conditions count as not-authorized (S2S-EXT-25). */
  private static NegotiationFailure.PeerSaslFailure failure(Element failure) {
    String condition = "not-authorized";
    String text = null;
    for (Element child : failure.children()) {
      if (child.name().equals("text")) {
        text =
            child.text().length() > TEXT_LIMIT
                ? child.text().substring(0, TEXT_LIMIT)
                : child.text();
      } else if (Condition.known(child.name())) {
        condition = child.name();
      }
    }
    return new NegotiationFailure.PeerSaslFailure(condition, text);
  }

  /** The defined conditions of a SASL failure (RFC 6120 6.5). */
  enum Condition {
    ABORTED("aborted"),
    ACCOUNT_DISABLED("account-disabled"),
    CREDENTIALS_EXPIRED("credentials-expired"),
    ENCRYPTION_REQUIRED("encryption-required"),
    INCORRECT_ENCODING("incorrect-encoding"),
    INVALID_AUTHZID("invalid-authzid"),
    INVALID_MECHANISM("invalid-mechanism"),
    MALFORMED_REQUEST("malformed-request"),
    MECHANISM_TOO_WEAK("mechanism-too-weak"),
    NOT_AUTHORIZED("not-authorized"),
    TEMPORARY_AUTH_FAILURE("temporary-auth-failure");

    private final String wire;

    Condition(String wire) {
      this.wire = wire;
    }

    static boolean known(String name) {
      for (Condition condition : values()) {
        if (condition.wire.equals(name)) {
          return true;
        }
      }
      return false;
    }

    String wire() {
      return wire;
    }
  }

  /** What an initial or later response says. */
  sealed interface Response {
    /** Authenticate as this domain; null means: as whom the header names. */
    record Identity(@Nullable Domain domain) implements Response {}

    /** No data came with the command: ask for it (S2S-EXT-09). */
    record Missing() implements Response {}

    /** It cannot be taken. */
    record Bad(Condition condition) implements Response {}
  }

  /** Receiving: reads {@code <auth/>} (S2S-EXT-11 to -13, -18 to -21). */
  static Response parseAuth(Element auth) {
    String mechanism = auth.attribute("mechanism");
    if (mechanism == null || !mechanism.equals("EXTERNAL")) {
      return new Response.Bad(Condition.INVALID_MECHANISM);
    }
    return auth.text().isEmpty() ? new Response.Missing() : identity(auth.text());
  }

  /** Receiving: reads {@code <response/>}; an empty one is an empty identity. */
  static Response parseResponse(Element response) {
    return response.text().isEmpty() ? new Response.Identity(null) : identity(response.text());
  }

  private static Response identity(String encoded) {
    // XEP-0288 shows base64 with white space around it (S2S-EXT-26).
    String text = encoded.strip();
    if (text.equals("=")) {
      return new Response.Identity(null);
    }
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return new Response.Bad(Condition.INCORRECT_ENCODING);
    }
    // The decoder forgives missing padding; RFC 6120 13.9.1 does not.
    if (text.length() % 4 != 0) {
      return new Response.Bad(Condition.INCORRECT_ENCODING);
    }
    String identity;
    try {
      identity = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notUtf8) {
      return new Response.Bad(Condition.MALFORMED_REQUEST);
    }
    if (identity.indexOf('\0') >= 0) {
      return new Response.Bad(Condition.MALFORMED_REQUEST);
    }
    try {
      Jid address = Jid.parse(identity);
      return address.local() == null && address.resource() == null
          ? new Response.Identity(address.domain())
          : new Response.Bad(Condition.INVALID_AUTHZID);
    } catch (AddressFormatException notAnAddress) {
      return new Response.Bad(Condition.INVALID_AUTHZID);
    }
  }

  /** Receiving: asks for the identity. */
  static void challenge(NegotiatingStream stream) {
    stream.send(CHALLENGE);
  }

  /** Receiving: takes the peer. Never sent before the peer was admitted. */
  static void succeed(NegotiatingStream stream) {
    stream.send(SUCCESS);
  }

  /** Receiving: refuses; the stream stays open. */
  static void fail(NegotiatingStream stream, Condition condition) {
    stream.send(
        Element.of(Namespaces.SASL, "failure")
            .child(Element.of(Namespaces.SASL, condition.wire()).build())
            .build());
  }
}
