package im.comity.stream;

import im.comity.address.AddressFormatException;
import im.comity.address.Domain;
import im.comity.address.Jid;
import im.comity.xml.Namespaces;
import im.comity.xml.StartTag;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A stream header as received. Its addresses are claims, never proof (DNA-GEN-03).
 *
 * @param from the peer's domain as it says; null when absent or empty
 * @param to the domain it wants; null when absent or empty
 * @param id the stream id, or null
 * @param version its version; 0.9 when it has none
 * @param language the stream's default language, or null
 * @param contentNamespace the default namespace declared, "" if none
 * @param declaresDialback whether it binds a prefix to the dialback namespace
 * @param fault what makes the header unusable, or null
 */
public record StreamHeader(
    @Nullable Domain from,
    @Nullable Domain to,
    @Nullable String id,
    StreamVersion version,
    @Nullable String language,
    String contentNamespace,
    boolean declaresDialback,
    @Nullable StreamError fault) {

  /**
   * Reads a stream's start tag.
   *
   * @param start the tag
   * @param defaultNamespace the default namespace it declares, "" if none
   * @param prefixes the prefixes it declares with their namespaces
   * @param content the content namespace that belongs on this port
   * @return the header; what is wrong with it, if anything, stands in {@link #fault}, since the
   *     answer to a faulty header is still a header first (S2S-ERR-03)
   */
  public static StreamHeader parse(
      StartTag start, String defaultNamespace, Map<String, String> prefixes, String content) {
    StreamError fault = null;
    if (!start.is(Namespaces.STREAM, "stream")) {
      fault =
          StreamError.of(
              StreamErrorCondition.INVALID_NAMESPACE,
              "The root element must be stream in " + Namespaces.STREAM);
    } else if (!defaultNamespace.equals(content)
        && !defaultNamespace.isEmpty()
        && !defaultNamespace.equals(Namespaces.STREAM)) {
      fault =
          StreamError.of(
              StreamErrorCondition.INVALID_NAMESPACE, "The content namespace here is " + content);
    }
    String versionText = start.attribute("version");
    StreamVersion version =
        versionText == null ? StreamVersion.ZERO_NINE : StreamVersion.parse(versionText);
    if (version == null) {
      version = StreamVersion.ONE;
      fault = first(fault, StreamErrorCondition.UNSUPPORTED_VERSION, "The version cannot be read");
    }
    Address from = Address.of(start.attribute("from"));
    Address to = Address.of(start.attribute("to"));
    if (from.problem() != null) {
      fault = first(fault, StreamErrorCondition.IMPROPER_ADDRESSING, "from: " + from.problem());
    }
    if (to.problem() != null) {
      fault = first(fault, StreamErrorCondition.IMPROPER_ADDRESSING, "to: " + to.problem());
    }
    return new StreamHeader(
        from.domain(),
        to.domain(),
        start.attribute("id"),
        version,
        start.language(),
        defaultNamespace,
        prefixes.containsValue(Namespaces.DIALBACK),
        fault);
  }

  /** The same header with addresses that were left out, and are known from before. */
  public StreamHeader withAddresses(@Nullable Domain sender, Domain target) {
    return new StreamHeader(
        sender, target, id, version, language, contentNamespace, declaresDialback, fault);
  }

  /** A header's address is a bare domain; some peers send it empty when they do not know it. */
  private record Address(@Nullable Domain domain, @Nullable String problem) {
    static Address of(@Nullable String text) {
      if (text == null || text.isEmpty()) {
        return new Address(null, null);
      }
      try {
        Jid address = Jid.parse(text);
        return address.local() == null && address.resource() == null
            ? new Address(address.domain(), null)
            : new Address(null, "a stream is between domains");
      } catch (AddressFormatException e) {
        return new Address(null, e.getMessage());
      }
    }
  }

  private static StreamError first(
      @Nullable StreamError earlier, StreamErrorCondition condition, String text) {
    return earlier != null ? earlier : StreamError.of(condition, text);
  }
}
