package im.comity.stream;

import im.comity.transport.Deadline;
import im.comity.transport.Transport;
import im.comity.xml.ElementScanner;
import im.comity.xml.Octets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stream whose conversation no longer depends on order, on its way to the relay.
 *
 * @param transport its connection, still in mailbox mode
 * @param scanner the scanner with whatever it has half read
 * @param unread bytes that were taken from the mailbox and not scanned, in order; a put-back
 *     element comes first
 * @param facts what is known of it
 * @param language the peer's default language on the stream, or null
 * @param deadline the negotiation's deadline, which goes on until the first association
 */
public record Settled(
    Transport transport,
    ElementScanner scanner,
    List<Octets> unread,
    StreamFacts facts,
    @Nullable String language,
    Deadline deadline) {}
