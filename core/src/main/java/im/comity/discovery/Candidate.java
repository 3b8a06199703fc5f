package im.comity.discovery;

/**
 * A host and port where the peer may be found, and how TLS begins there.
 *
 * @param host a name in A-labels without the last dot, or an IP literal without brackets
 * @param port 1 to 65535
 * @param directTls true: TLS first (XEP-0368); false: STARTTLS
 * @param priority priority group, the lowest is tried first
 * @param weight the weight that was drawn with; the draw itself is the order of the list
 * @param override whether the operator named it (a static route) instead of DNS
 */
public record Candidate(
    String host, int port, boolean directTls, int priority, int weight, boolean override) {
  public Candidate {
    if (host.isEmpty()) {
      throw new IllegalArgumentException("a candidate needs a host");
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port out of range: " + port);
    }
  }
}
