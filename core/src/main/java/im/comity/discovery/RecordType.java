package im.comity.discovery;

/** The types of record that finding a peer asks for. */
public enum RecordType {
  SRV,
  A,
  AAAA
}
