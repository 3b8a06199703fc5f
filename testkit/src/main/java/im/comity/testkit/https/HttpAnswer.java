package im.comity.testkit.https;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** What a {@link TestHttps} answers, rightly or wrongly. */
public sealed interface HttpAnswer {
  /** Reads the request and says nothing; the connection stays open until the client leaves. */
  HttpAnswer SILENCE = new Silence();

  /** An empty 404. */
  Full NOT_FOUND = new Full(404, Map.of(), new byte[0]);

  /** 200 with a text in UTF-8. */
  static Full ok(String contentType, String body) {
    return new Full(
        200, Map.of("Content-Type", contentType), body.getBytes(StandardCharsets.UTF_8));
  }

  /** 200 with {@code application/json}. */
  static Full json(String body) {
    return ok("application/json", body);
  }

  /** A redirect, for example 302, to a Location that is sent as it stands. */
  static Full redirect(int status, String location) {
    return new Full(status, Map.of("Location", location), new byte[0]);
  }

  /**
   * Status, headers and body. Content-Length and Connection are supplied unless given; after the
   * answer the connection is closed.
   *
   * @param status 100 to 999
   * @param headers sent as they stand
   * @param body do not change
   */
  @SuppressWarnings("ArrayRecordComponent") // Octets are for the wire, not for comparing.
  record Full(int status, Map<String, String> headers, byte[] body) implements HttpAnswer {
    public Full {
      requireStatus(status);
      headers = Map.copyOf(headers);
    }
  }

  /**
   * A full answer whose body comes in pieces with pauses between them.
   *
   * @param pieceBytes octets per piece, at least 1
   * @param pause before each piece
   */
  record Slow(Full answer, int pieceBytes, Duration pause) implements HttpAnswer {
    public Slow {
      if (pieceBytes < 1) {
        throw new IllegalArgumentException("a piece needs an octet: " + pieceBytes);
      }
    }
  }

  /**
   * The head of an answer without Content-Length, and a body of {@code x} that never ends.
   *
   * @param status 100 to 999
   * @param headers sent as they stand
   */
  record Endless(int status, Map<String, String> headers) implements HttpAnswer {
    public Endless {
      requireStatus(status);
      headers = Map.copyOf(headers);
    }
  }

  /**
   * A full answer of which the connection delivers so many octets, head included, and is closed
   * without a farewell of TLS.
   *
   * @param afterBytes 0 to close without a word
   */
  record Cut(Full answer, int afterBytes) implements HttpAnswer {
    public Cut {
      if (afterBytes < 0) {
        throw new IllegalArgumentException("cannot cut after " + afterBytes);
      }
    }
  }

  /**
   * Octets as they stand, for what is no HTTP at all.
   *
   * @param octets do not change
   */
  @SuppressWarnings("ArrayRecordComponent") // Octets are for the wire, not for comparing.
  record Raw(byte[] octets) implements HttpAnswer {}

  /** See {@link #SILENCE}. */
  record Silence() implements HttpAnswer {}

  private static void requireStatus(int status) {
    if (status < 100 || status > 999) {
      throw new IllegalArgumentException("status out of 100 to 999: " + status);
    }
  }
}
