/**
 * Connections and TLS: connect, accept, upgrade, read, write, back-pressure, close, and time.
 *
 * <p>Knows Netty, which nobody else sees, our identities, and what certificate the peer showed. Of
 * the XML package it uses {@link im.comity.xml.Octets} alone.
 *
 * <p>Must not know what the bytes mean, but for the {@link im.comity.transport.FirstWord} of a
 * stranger, which nobody else could look at before there is a thread for it; nor whether a
 * certificate is good: the handshake gathers evidence and never judges it.
 *
 * <p>Start at {@link im.comity.transport.Transport}, one connection, and {@link
 * im.comity.transport.Network}, which makes them.
 */
@NullMarked
package im.comity.transport;

import org.jspecify.annotations.NullMarked;
