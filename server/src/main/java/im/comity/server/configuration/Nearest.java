package im.comity.server.configuration;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What was probably meant: the known word nearest to a wrong one. */
final class Nearest {
  private Nearest() {}

  /**
   * The candidate that takes fewest single-character edits to become (swaps of neighbours count as
   * one), or null if even that one is too far to be meant. Case counts for nothing.
   */
  static @Nullable String of(String word, Collection<String> candidates) {
    String nearest = null;
    int least = Math.max(1, word.length() / 3) + 1;
    for (String candidate : candidates) {
      // A length that differs by as much cannot be nearer; this also bounds the work.
      if (Math.abs(candidate.length() - word.length()) < least) {
        int distance = distance(word.toLowerCase(Locale.ROOT), candidate);
        if (distance < least) {
          least = distance;
          nearest = candidate;
        }
      }
    }
    return nearest;
  }

  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
