package im.comity.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The few figures that a table is made of. */
final class Statistics {
  private Statistics() {}

  /**
   * The value that this share of all values does not exceed, by the nearest rank.
   *
   * @param sorted in ascending order
   * @param share more than 0 and at most 1
   * @return NaN of none
   */
  static double quantile(long[] sorted, double share) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int rank = (int) Math.ceil(share * sorted.length);
    return sorted[Math.clamp(rank, 1, sorted.length) - 1];
  }

  /**
   * The middle, with the least and the greatest.
   *
   * @param median of an even number of values the mean of the middle two
   */
  record Spread(double median, double least, double greatest) {
    static Spread of(List<Double> values) {
      double[] sorted =
          values.stream().mapToDouble(Double::doubleValue).filter(v -> !Double.isNaN(v)).toArray();
      if (sorted.length == 0) {
        return new Spread(Double.NaN, Double.NaN, Double.NaN);
      }
      Arrays.sort(sorted);
      int half = sorted.length / 2;
      double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
      return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /** Such as {@code 5.90 [5.78–5.93]}; a dash where nothing was measured. */
    String text(int decimals) {
      if (Double.isNaN(median)) {
        return "–";
      }
      String format = "%,." + decimals + "f";
      String middle = String.format(Locale.ROOT, format, median);
      if (least == greatest) {
        return middle;
      }
      return middle
          + String.format(Locale.ROOT, " [" + format + "–" + format + "]", least, greatest);
    }
  }
}
