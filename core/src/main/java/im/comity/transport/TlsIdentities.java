package im.comity.transport;

import im.comity.address.Domain;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All our identities, found by domain. They can be replaced while connections use them: each
 * handshake sees one set or the other.
 */
public final class TlsIdentities {
  private record Snapshot(Map<String, TlsIdentity> byName, @Nullable TlsIdentity byDefault) {}

  private volatile Snapshot current;

  private TlsIdentities(Snapshot current) {
    this.current = current;
  }

  /**
   * A set to begin with.
   *
   * @param identities of two that serve the same name the first is taken
   * @param byDefault for domains without one of their own, as under secure delegation; null for
   *     none
   */
  public static TlsIdentities of(
      Collection<TlsIdentity> identities, @Nullable TlsIdentity byDefault) {
    return new TlsIdentities(snapshot(identities, byDefault));
  }

  /** What to show for a domain: its own, else the default, else null. */
  public @Nullable TlsIdentity of(Domain domain) {
    return choose(domain.ascii(), null);
  }

  /** Whether a domain has one of its own, by name or wildcard. */
  public boolean has(Domain domain) {
    return find(current, domain.ascii()) != null;
  }

  /** Replaces all of them, for handshakes that begin from now on. */
  public void replace(Collection<TlsIdentity> identities, @Nullable TlsIdentity byDefault) {
    current = snapshot(identities, byDefault);
  }

  /**
   * The identity for the first of two names that has one of its own, else the default.
   *
   * @param wanted an A-label form in lower case, or null
   * @param serverName likewise
   */
  @Nullable TlsIdentity choose(@Nullable String wanted, @Nullable String serverName) {
    Snapshot now = current;
    TlsIdentity found = find(now, wanted);
    if (found == null) {
      found = find(now, serverName);
    }
    return found != null ? found : now.byDefault;
  }

  /** A DNS name as the names of identities are written: lower case, no dot at the end. */
  static String canonical(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  private static @Nullable TlsIdentity find(Snapshot in, @Nullable String name) {
    if (name == null || name.startsWith("*")) {
      return null;
    }
    TlsIdentity exact = in.byName.get(name);
    int dot = name.indexOf('.');
    return exact != null || dot < 0 ? exact : in.byName.get("*" + name.substring(dot));
  }

  private static Snapshot snapshot(
      Collection<TlsIdentity> identities, @Nullable TlsIdentity byDefault) {
    Map<String, TlsIdentity> byName = new HashMap<>();
    for (TlsIdentity identity : identities) {
      for (String name : identity.names()) {
        byName.putIfAbsent(canonical(name), identity);
      }
    }
    return new Snapshot(byName, byDefault);
  }
}
