package im.comity.testkit.peer;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The words of the protocol as they go on the wire: namespaces, elements, keys. */
public final class Xmpp {
  /** Stream namespace. */
  public static final String STREAM = "http://etherx.jabber.org/streams";

  /** Content of streams between servers. */
  public static final String SERVER = "jabber:server";

  /** Content of streams of clients. */
  public static final String CLIENT = "jabber:client";

  /** Content of streams that components open (XEP-0114). */
  public static final String COMPONENT = "jabber:component:accept";

  /** Dialback elements (XEP-0220). */
  public static final String DIALBACK = "jabber:server:dialback";

  /** The dialback stream feature. */
  public static final String DIALBACK_FEATURE = "urn:xmpp:features:dialback";

  /** STARTTLS. */
  public static final String TLS = "urn:ietf:params:xml:ns:xmpp-tls";

  /** SASL. */
  public static final String SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

  /** Conditions of stream errors. */
  public static final String STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";

  /** Conditions of stanza errors. */
  public static final String STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

  /** The bidi stream feature (XEP-0288). */
  public static final String BIDI_FEATURE = "urn:xmpp:features:bidi";

  /** The bidi request. */
  public static final String BIDI = "urn:xmpp:bidi";

  /** What {@code xml:} stands for. */
  public static final String XML = "http://www.w3.org/XML/1998/namespace";

  /** The feature that offers STARTTLS. */
  public static final String STARTTLS_FEATURE = "<starttls xmlns='" + TLS + "'/>";

  /** The feature that demands STARTTLS. */
  public static final String STARTTLS_REQUIRED =
      "<starttls xmlns='" + TLS + "'><required/></starttls>";

  /** The feature that offers SASL EXTERNAL. */
  public static final String EXTERNAL_FEATURE = mechanisms("EXTERNAL");

  /** The feature that offers dialback, without word of dialback errors. */
  public static final String DIALBACK_OFFER = "<dialback xmlns='" + DIALBACK_FEATURE + "'/>";

  /** The feature that offers dialback with dialback errors. */
  public static final String DIALBACK_ERRORS_OFFER =
      "<dialback xmlns='" + DIALBACK_FEATURE + "'><errors/></dialback>";

  /** The feature that offers bidi. */
  public static final String BIDI_OFFER = "<bidi xmlns='" + BIDI_FEATURE + "'/>";

  /** The STARTTLS command. */
  public static final String STARTTLS = "<starttls xmlns='" + TLS + "'/>";

  /** The answer that lets the handshake begin. */
  public static final String PROCEED = "<proceed xmlns='" + TLS + "'/>";

  /** The answer that refuses STARTTLS. */
  public static final String TLS_FAILURE = "<failure xmlns='" + TLS + "'/>";

  /** SASL is done. */
  public static final String SUCCESS = "<success xmlns='" + SASL + "'/>";

  private Xmpp() {}

  /** The feature that offers these SASL mechanisms; none at all gives an empty list. */
  public static String mechanisms(String... names) {
    StringBuilder xml = new StringBuilder("<mechanisms xmlns='" + SASL + "'>");
    for (String name : names) {
      xml.append("<mechanism>").append(escape(name)).append("</mechanism>");
    }
    return xml.append("</mechanisms>").toString();
  }

  /**
   * The request to authenticate by EXTERNAL.
   *
   * @param identity the authorization identity; null for none, which is written {@code =}
   */
  public static String external(@Nullable String identity) {
    String response =
        identity == null
            ? "="
            : Base64.getEncoder().encodeToString(identity.getBytes(StandardCharsets.UTF_8));
    return "<auth xmlns='%s' mechanism='EXTERNAL'>%s</auth>".formatted(SASL, response);
  }

  /** SASL is refused, by a condition such as {@code not-authorized}. */
  public static String saslFailure(String condition) {
    return "<failure xmlns='%s'><%s/></failure>".formatted(SASL, condition);
  }

  /** Dialback step 1: the initiating server asks for a pair. */
  public static String dialbackRequest(String from, String to, String key) {
    return "<db:result from='%s' to='%s'>%s</db:result>"
        .formatted(escape(from), escape(to), escape(key));
  }

  /** Dialback step 2: the receiving server has the key verified. */
  public static String verifyRequest(String from, String to, String id, String key) {
    return "<db:verify from='%s' to='%s' id='%s'>%s</db:verify>"
        .formatted(escape(from), escape(to), escape(id), escape(key));
  }

  /** Dialback step 3: the authoritative server answers {@code valid} or {@code invalid}. */
  public static String verifyAnswer(String from, String to, String id, String type) {
    return "<db:verify from='%s' to='%s' id='%s' type='%s'/>"
        .formatted(escape(from), escape(to), escape(id), escape(type));
  }

  /** Dialback step 3, failed, with a stanza error condition. */
  public static String verifyError(String from, String to, String id, String condition) {
    return "<db:verify from='%s' to='%s' id='%s' type='error'>%s</db:verify>"
        .formatted(escape(from), escape(to), escape(id), error(condition));
  }

  /** Dialback step 4: the receiving server answers {@code valid} or {@code invalid}. */
  public static String dialbackAnswer(String from, String to, String type) {
    return "<db:result from='%s' to='%s' type='%s'/>"
        .formatted(escape(from), escape(to), escape(type));
  }

  /** Dialback step 4, failed, with a stanza error condition. */
  public static String dialbackError(String from, String to, String condition) {
    return "<db:result from='%s' to='%s' type='error'>%s</db:result>"
        .formatted(escape(from), escape(to), error(condition));
  }

  private static String error(String condition) {
    return "<error type='cancel'><%s xmlns='%s'/></error>".formatted(condition, STANZA_ERRORS);
  }

  /** A stream error, without the end of the stream that must follow. */
  public static String streamError(String condition) {
    return "<stream:error><%s xmlns='%s'/></stream:error>".formatted(condition, STREAM_ERRORS);
  }

  /** A chat message. */
  public static String message(String from, String to, String body) {
    return "<message from='%s' to='%s' type='chat'><body>%s</body></message>"
        .formatted(escape(from), escape(to), escape(body));
  }

  /**
   * The dialback key as XEP-0185 recommends it (S2S-DB-01): the HMAC-SHA256 of receiving domain,
   * originating domain and stream id, all in lower-case hexadecimal. Its key is the hexadecimal
   * text of the secret's SHA-256, not the digest itself; the published examples settle that.
   */
  public static String dialbackKey(
      String secret, String receiving, String originating, String streamId) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
      String key = HexFormat.of().formatHex(digest);
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
      String input = receiving + " " + originating + " " + streamId;
      return HexFormat.of().formatHex(mac.doFinal(input.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HMAC-SHA256", e);
    }
  }

  /**
   * The authoritative server's answer to a {@code db:verify}: valid if the key is of the secret.
   */
  static String answerTo(Received verify, String secret) {
    String from = verify.required("from");
    String to = verify.required("to");
    String id = verify.required("id");
    boolean valid = verify.text().strip().equals(dialbackKey(secret, from, to, id));
    return verifyAnswer(to, from, id, valid ? "valid" : "invalid");
  }

  /** The digest by which a component shows that it knows the secret (XEP-0114). */
  public static String componentHandshake(String streamId, String secret) {
    try {
      byte[] input = (streamId + secret).getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(input));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has SHA-1", e);
    }
  }

  /** Text as it may stand in an element or an attribute. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&apos;")
        .replace("\"", "&quot;");
  }
}
