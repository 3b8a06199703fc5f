package im.comity.transport;

import java.io.IOException;

/**
 * The peer sent cleartext behind the command that ends cleartext (S2S-TLS-10). Such bytes may have
 * been injected on the way; the connection is dropped and they are never read.
 */
public final class PlaintextAfterStartTlsException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * Bytes came too early.
   *
   * @param bytes how many bytes had come too early
   */
  public PlaintextAfterStartTlsException(int bytes) {
    super(bytes + " bytes of cleartext after the command that starts TLS");
  }
}
