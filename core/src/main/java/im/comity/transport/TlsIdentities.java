package im.comity.transport;

import im.comity.address.Domain;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * All our identities, found by domain. They can be replaced while connections use them: each
 * handshake sees one set or the other.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class TlsIdentities {
  private TlsIdentities() {}

  /**
   * @param identities of two that serve the same name the first is taken
   * @param byDefault for domains without one of their own, as under secure delegation; null for
   *     none
   */
  public static TlsIdentities of(
      Collection<TlsIdentity> identities, @Nullable TlsIdentity byDefault) {
    throw new UnsupportedOperationException();
  }

  /** What to show for a domain: its own, else the default, else null. */
  public @Nullable TlsIdentity of(Domain domain) {
    throw new UnsupportedOperationException();
  }

  /** Whether a domain has one of its own, by name or wildcard. */
  public boolean has(Domain domain) {
    throw new UnsupportedOperationException();
  }

  /** Replaces all of them, for handshakes that begin from now on. */
  public void replace(Collection<TlsIdentity> identities, @Nullable TlsIdentity byDefault) {
    throw new UnsupportedOperationException();
  }
}
