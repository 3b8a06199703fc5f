package im.comity.testkit;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * JUnit extension that checks after each test that it left nothing behind, and hands its {@link
 * Leaks} to tests that ask for one, so that they can have more watched. What {@code @BeforeEach}
 * methods make and {@code @AfterEach} methods end is within its sight.
 *
 * <pre>{@code
 * @Test
 * void anOutletThatClosesLeavesNothingQueued(Leaks leaks) {
 *   leaks.watch("queued stanzas", outlet::queued);
 *   outlet.close();
 * }
 * }</pre>
 */
public final class LeakChecked implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(LeakChecked.class);

  /** Made by JUnit. */
  public LeakChecked() {}

  @Override
  public void beforeEach(ExtensionContext context) {
    leaks(context);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    leaks(context).check();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Leaks.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return leaks(context);
  }

  private static Leaks leaks(ExtensionContext context) {
    return context
        .getStore(NAMESPACE)
        .computeIfAbsent(Leaks.class, _ -> Leaks.begin(), Leaks.class);
  }
}
