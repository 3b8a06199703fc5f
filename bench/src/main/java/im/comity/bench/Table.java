package im.comity.bench;

import im.comity.bench.Statistics.Spread;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was measured: rows and columns in the order in which they first came, as text or Markdown.
 */
final class Table {
  private final Map<String, Map<String, Cell>> rows = new LinkedHashMap<>();
  private final List<String> columns = new ArrayList<>();

  private static final class Cell {
    final List<Double> values = new ArrayList<>();
    boolean disturbed;
    int decimals;

    String text() {
      return Spread.of(values).text(decimals) + (disturbed ? " †" : "");
    }
  }

  /**
   * One more value of a cell.
   *
   * @param disturbed whether the cell is to be marked †, as others used the machine
   */
  void put(String row, String column, double value, int decimals, boolean disturbed) {
    if (!columns.contains(column)) {
      columns.add(column);
    }
    Cell cell =
        rows.computeIfAbsent(row, _ -> new LinkedHashMap<>())
            .computeIfAbsent(column, _ -> new Cell());
    cell.values.add(value);
    cell.decimals = decimals;
    cell.disturbed |= disturbed;
  }

  /** The median of a cell, or NaN. */
  double median(String row, String column) {
    Cell cell = rows.getOrDefault(row, Map.of()).get(column);
    return cell == null ? Double.NaN : Spread.of(cell.values).median();
  }

  String text() {
    StringBuilder text = new StringBuilder("%-46s".formatted(""));
    columns.forEach(column -> text.append("%28s".formatted(column)));
    text.append('\n');
    rows.forEach(
        (what, cells) -> {
          text.append("%-46s".formatted(what));
          columns.forEach(column -> text.append("%28s".formatted(cell(cells, column))));
          text.append('\n');
        });
    return text.append(Quiet.LEGEND).append('\n').toString();
  }

  String markdown() {
    StringBuilder text = new StringBuilder("| | " + String.join(" | ", columns) + " |\n|---|");
    columns.forEach(_ -> text.append("---:|"));
    text.append('\n');
    rows.forEach(
        (what, cells) -> {
          text.append("| ").append(what).append(" |");
          columns.forEach(column -> text.append(' ').append(cell(cells, column)).append(" |"));
          text.append('\n');
        });
    return text.append('\n').append(Quiet.LEGEND).append('\n').toString();
  }

  private static String cell(Map<String, Cell> cells, String column) {
    Cell cell = cells.get(column);
    return cell == null ? "–" : cell.text();
  }
}
