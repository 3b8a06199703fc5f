package im.comity.transport;

/** Whose implementation of TLS is used. */
public enum TlsProvider {
  /** The native library; opening a network fails where it does not load. */
  BORINGSSL,
  /** The JDK's own. */
  JDK,
  /** The native library where it loads, else the JDK's own. */
  AUTO
}
