package im.comity.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The requirements of the ledgers in {@code doc/spec} that a test holds us to, by ID.
 *
 * <p>It stands only on a test that fails when the row is broken; CONFORMANCE.md is made from it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface Clause {
  /** Ledger IDs, for example {@code S2S-DB-21}. */
  String[] value();
}
