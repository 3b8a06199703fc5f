package im.comity.dialback;

import im.comity.address.DomainPair;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The secret that dialback keys are made with (XEP-0185), and for a while the one before it.
 *
 * <p>All servers that may be asked about a domain share it, since the one that is asked to verify a
 * key need not be the one that made it (S2S-DB-06). Making and checking a key is arithmetic alone
 * (S2S-DB-05). Safe for use by threads.
 */
public final class DialbackSecret {
  /**
   * The least length of a secret: every peer gets a key and may try secrets against it at leisure.
   */
  public static final int LEAST_LENGTH = 12;

  private static final String HMAC = "HmacSHA256";
  private static final int RANDOM_OCTETS = 32;

  private volatile Secrets secrets;

  /** What counts at one moment; replaced as a whole. */
  private record Secrets(
      SecretKeySpec current, @Nullable SecretKeySpec previous, Instant previousUntil) {}

  private DialbackSecret(String secret) {
    secrets = new Secrets(hmacKey(secret), null, Instant.MIN);
  }

  /**
   * A configured secret.
   *
   * @throws IllegalArgumentException if it is shorter than {@value #LEAST_LENGTH} characters
   */
  public static DialbackSecret of(String secret) {
    return new DialbackSecret(secret);
  }

  /**
   * A secret nobody else has, for a process that stands alone.
   *
   * @param random a cryptographically strong source
   */
  public static DialbackSecret random(RandomGenerator random) {
    byte[] octets = new byte[RANDOM_OCTETS];
    random.nextBytes(octets);
    return new DialbackSecret(HexFormat.of().formatHex(octets));
  }

  /**
   * Makes keys with another secret from now on, and goes on accepting those made with the present
   * one. A second replacement before that ends forgets the oldest secret at once.
   *
   * @param previousUntil the first instant at which keys of the present secret are refused; later
   *     than any request now under way takes
   * @throws IllegalArgumentException if the secret is too short
   */
  public synchronized void replace(String secret, Instant previousUntil) {
    secrets = new Secrets(hmacKey(secret), secrets.current(), previousUntil);
  }

  /**
   * The key for a pair on a stream (XEP-0185 section 2, S2S-DB-01): lower-case hexadecimal of
   * HMAC-SHA256 over target, sender and stream id.
   *
   * @param pair sender ours; its canonical forms count (S2S-DB-07)
   * @param streamId the id in the header that the receiving server sent last (S2S-DB-12)
   */
  public DialbackKey key(DomainPair pair, String streamId) {
    return key(secrets.current(), pair, streamId);
  }

  /** Whether a key was made for this pair and stream id by a holder of this secret. */
  public boolean made(DialbackKey key, DomainPair pair, String streamId, Instant now) {
    Secrets counting = secrets;
    if (key(counting.current(), pair, streamId).matches(key)) {
      return true;
    }
    SecretKeySpec previous = counting.previous();
    return previous != null
        && now.isBefore(counting.previousUntil())
        && key(previous, pair, streamId).matches(key);
  }

  private static DialbackKey key(SecretKeySpec hmacKey, DomainPair pair, String streamId) {
    String text = pair.target() + " " + pair.sender() + " " + streamId;
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(hmacKey);
      return new DialbackKey(
          HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has " + HMAC, e);
    }
  }

  /** XEP-0185's key of the HMAC is the hexadecimal text of the hash, not its octets (C17). */
  private static SecretKeySpec hmacKey(String secret) {
    if (secret.length() < LEAST_LENGTH) {
      throw new IllegalArgumentException(
          "a dialback secret has at least %d characters".formatted(LEAST_LENGTH));
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
      String hex = HexFormat.of().formatHex(hash);
      return new SecretKeySpec(hex.getBytes(StandardCharsets.US_ASCII), HMAC);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Says nothing about the secret. */
  @Override
  public String toString() {
    return "DialbackSecret";
  }
}
