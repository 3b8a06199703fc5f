package im.comity.server;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * The operating system's signals.
 *
 * <p>The JDK has no other way to hear of SIGHUP than {@code sun.misc.Signal}, which javac answers
 * with a warning that nothing can suppress: so it is called by reflection, here alone.
 */
final class Signals {
  private Signals() {}

  /**
   * Has an action run at each signal of a name ({@code HUP}), on a thread of its own.
   *
   * @return undoes it; null if this system has no such signal, or keeps it for itself
   */
  @SuppressWarnings("ReferenceEquality") // of the proxy, which is what its equals means
  static @Nullable Runnable onEach(String name, Runnable action) {
    try {
      Class<?> signalType = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Object signal = signalType.getConstructor(String.class).newInstance(name);
      InvocationHandler calls =
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "handle" -> {
                  action.run();
                  yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "handler of SIG" + name;
              };
      Object handler =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(), new Class<?>[] {handlerType}, calls);
      var handle = signalType.getMethod("handle", signalType, handlerType);
      Object before = handle.invoke(null, signal, handler);
      return () -> {
        try {
          handle.invoke(null, signal, before);
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException("the handler of SIG" + name + " stays", e);
        }
      };
    } catch (ReflectiveOperationException _) {
      return null; // Windows has no SIGHUP, and -Xrs keeps all of them
    }
  }
}
