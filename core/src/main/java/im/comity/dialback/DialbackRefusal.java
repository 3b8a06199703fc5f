package im.comity.dialback;

import im.comity.stanza.StanzaErrorCondition;

/**
 * Why we answer a dialback request with an error, and by which condition (XEP-0220 section 2.5,
 * S2S-DB-32, -33, -42, -43, -62, -64, DNA-DBT-07, -08). {@code remote-connection-failed}, which
 * that table lists, is no stanza error condition of RFC 6120 and is never sent (C8).
 */
public enum DialbackRefusal {
  /** Something that the request must have is missing. */
  MALFORMED(StanzaErrorCondition.BAD_REQUEST, "the request is incomplete"),
  /** The target, or for a verification the sender, is no domain of ours. */
  NOT_OURS(StanzaErrorCondition.ITEM_NOT_FOUND, "this domain is not served here"),
  /** The sender is a domain of ours: forged, or a loop. */
  OWN_DOMAIN(StanzaErrorCondition.NOT_ACCEPTABLE, "the sender domain is served here"),
  /** The rule needs TLS and the stream is in clear. */
  NEEDS_TLS(StanzaErrorCondition.POLICY_VIOLATION, "TLS is required"),
  /** The rule needs a proof and there is none. */
  NEEDS_PROOF(StanzaErrorCondition.NOT_AUTHORIZED, "a certificate for the domain is required"),
  /** The rule bars the sender. */
  BARRED(StanzaErrorCondition.FORBIDDEN, "not admitted"),
  /** The key is forged, and other pairs live on the stream (C19). */
  FORGED(StanzaErrorCondition.FORBIDDEN, "the key is not valid"),
  /** No server is known for the sender, or it does not serve the sender, or it said error. */
  NO_AUTHORITY(
      StanzaErrorCondition.REMOTE_SERVER_NOT_FOUND, "no authoritative server for the domain"),
  /** The sender's server did not answer: look-up failed, no connection, closed, too late. */
  AUTHORITY_SILENT(
      StanzaErrorCondition.REMOTE_SERVER_TIMEOUT, "the authoritative server did not answer"),
  /** The identity of the authoritative server cannot be established. */
  AUTHORITY_UNPROVEN(StanzaErrorCondition.NOT_ACCEPTABLE, "the authoritative server is not proven"),
  /** A limit of this server is reached. */
  NO_ROOM(StanzaErrorCondition.RESOURCE_CONSTRAINT, "too many requests or domains");

  private final StanzaErrorCondition condition;
  private final String text;

  DialbackRefusal(StanzaErrorCondition condition, String text) {
    this.condition = condition;
    this.text = text;
  }

  /** The condition that is sent. */
  public StanzaErrorCondition condition() {
    return condition;
  }

  /** One clause for the people on the other side. */
  public String text() {
    return text;
  }
}
