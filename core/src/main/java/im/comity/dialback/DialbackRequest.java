package im.comity.dialback;

import im.comity.address.DomainPair;
import im.comity.prooftype.CertificateNames;
import im.comity.prooftype.ReferenceIdentifiers;
import im.comity.transport.PeerCertificate;
import im.comity.transport.TlsSession;
import java.security.cert.CertificateParsingException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One outstanding request on one stream, and the only maker of a {@link DialbackVerdict}: an answer
 * counts if it belongs to a request that is still open on the very stream it came by (S2S-DB-18,
 * S2S-DB-54). The stream's side of that is kept by whoever registers the request there; this object
 * compares the rest, and is used up by the first answer that fits. Safe for use by threads.
 */
public final class DialbackRequest {
  private final DialbackVerdict.Speaker asked;
  private final long about;
  private final DialbackElement element;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private DialbackRequest(DialbackVerdict.Speaker asked, long about, DialbackElement element) {
    this.asked = asked;
    this.about = about;
    this.element = element;
  }

  /**
   * Asks the receiving server to take us for the pair's sender.
   *
   * @param stream our handle of the stream on which this is asked, and about which the verdict will
   *     be
   */
  public static DialbackRequest result(long stream, DomainPair pair, DialbackKey key) {
    return new DialbackRequest(
        DialbackVerdict.Speaker.RECEIVING, stream, new DialbackElement.Result(pair, key));
  }

  /**
   * Asks the authoritative server of the pair's sender about a key.
   *
   * @param askingStream our handle of the stream on which the key came: the verdict will be about
   *     that one, whichever it is asked on (S2S-DB-46)
   * @param id the id of our header on that stream
   */
  public static DialbackRequest verify(
      long askingStream, DomainPair pair, String id, DialbackKey key) {
    return new DialbackRequest(
        DialbackVerdict.Speaker.AUTHORITATIVE,
        askingStream,
        new DialbackElement.Verify(pair, id, key));
  }

  /** What is to be sent. */
  public DialbackElement element() {
    return element;
  }

  /** Whether no answer has met this request yet. */
  public boolean isOpen() {
    return open.get();
  }

  /** Gives up waiting: what comes later is unasked. */
  public void cancel() {
    open.set(false);
  }

  /**
   * Offers what came on the stream that carries this request.
   *
   * @return the verdict, or null if the element is no answer to this request or the request is no
   *     longer open; such an answer is dropped and counted, never acted on
   */
  public @Nullable DialbackVerdict meet(DialbackElement received) {
    DialbackAnswer answer = answerIn(received);
    return answer != null && open.compareAndSet(true, false) ? verdict(answer) : null;
  }

  /**
   * Spares the question to an authoritative server that shows the same certificate as the peer that
   * sent the key, if the certificate carries the sender's name (XEP-0344 section 2.6, S2S-DB-57,
   * DNA-DBT-04).
   *
   * @param asking the session of the stream on which the key came
   * @param authority the session of the stream that we opened to the authoritative server, found by
   *     our own resolution (S2S-DB-58)
   * @return the verdict, valid, or null if the question must be asked
   */
  public @Nullable DialbackVerdict spare(
      @Nullable TlsSession asking, @Nullable TlsSession authority) {
    if (asked == DialbackVerdict.Speaker.AUTHORITATIVE
        && asking != null
        && asking.reliable()
        && authority != null
        && sameNamed(asking.peer(), authority.peer())
        && open.compareAndSet(true, false)) {
      return verdict(new DialbackAnswer.Valid());
    }
    return null;
  }

  private boolean sameNamed(@Nullable PeerCertificate asking, @Nullable PeerCertificate authority) {
    if (asking == null || authority == null || !asking.leaf().equals(authority.leaf())) {
      return false;
    }
    try {
      CertificateNames names = CertificateNames.of(asking.leaf());
      return ReferenceIdentifiers.of(element.pair().sender()).match(names) != null;
    } catch (CertificateParsingException e) {
      return false; // no readable name is no name: the question is asked
    }
  }

  private @Nullable DialbackAnswer answerIn(DialbackElement received) {
    if (!received.pair().equals(element.pair())) {
      return null;
    }
    return switch (element) {
      case DialbackElement.Result _ ->
          received instanceof DialbackElement.ResultAnswer(_, var answer) ? answer : null;
      case DialbackElement.Verify verify ->
          received instanceof DialbackElement.VerifyAnswer(_, var id, var answer)
                  && id.equals(verify.id())
              ? answer
              : null;
      case DialbackElement.ResultAnswer _, DialbackElement.VerifyAnswer _ -> null;
    };
  }

  private DialbackVerdict verdict(DialbackAnswer answer) {
    return new DialbackVerdict(asked, about, element.pair(), answer);
  }
}
