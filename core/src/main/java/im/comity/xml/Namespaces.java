package im.comity.xml;

/** The names of the namespaces that a federating server speaks. */
public final class Namespaces {
  /** Bound to the prefix {@code xml}, and to no other. */
  public static final String XML = "http://www.w3.org/XML/1998/namespace";

  /** Of namespace declarations themselves; no prefix but {@code xmlns} is bound to it. */
  public static final String XMLNS = "http://www.w3.org/2000/xmlns/";

  public static final String STREAM = "http://etherx.jabber.org/streams";

  /** The content namespace between servers. */
  public static final String SERVER = "jabber:server";

  /** The content namespace between client and server, seen in forwarded stanzas. */
  public static final String CLIENT = "jabber:client";

  public static final String COMPONENT_ACCEPT = "jabber:component:accept";
  public static final String COMPONENT_CONNECT = "jabber:component:connect";
  public static final String COMPONENT_BINDING = "urn:xmpp:component:0";

  public static final String DIALBACK = "jabber:server:dialback";
  public static final String DIALBACK_FEATURE = "urn:xmpp:features:dialback";

  public static final String TLS = "urn:ietf:params:xml:ns:xmpp-tls";
  public static final String SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
  public static final String SASL2 = "urn:xmpp:sasl:2";
  public static final String SASL_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0";

  /** Of stream error conditions and their text. */
  public static final String STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";

  /** Of stanza error conditions and their text. */
  public static final String STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

  /** Of the application-specific conditions of XEP-0205. */
  public static final String APPLICATION_ERRORS = "urn:xmpp:errors";

  public static final String BIDI = "urn:xmpp:bidi";
  public static final String BIDI_FEATURE = "urn:xmpp:features:bidi";

  public static final String STREAM_MANAGEMENT = "urn:xmpp:sm:3";
  public static final String STREAM_MANAGEMENT_2 = "urn:xmpp:sm:2";
  public static final String STREAM_LIMITS = "urn:xmpp:stream-limits:0";

  /** Of our own feature {@code <pairs/>}, version 0 (DNA-DEL-20). */
  public static final String PAIRS = "urn:uuid:ea2dc923-866b-5a90-bf2a-b9d562a44894";

  private Namespaces() {}
}
