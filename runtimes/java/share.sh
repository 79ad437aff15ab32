#!/bin/sh
# Makes the JVM's archive of shared classes anew, with the compiler's classes in it, so that
# `java FILE.java` need not load and verify them each time.
set -eu

work=$(mktemp -d)
cat > "$work/Warm.java" <<'END'
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

public class Warm {
  enum Kind { A, B }
  static <T extends Comparable<T>> T largest(List<T> items) { return Collections.max(items); }
  public static void main(String[] args) throws Exception {
    Map<String, Integer> counts = new HashMap<>();
    for (String word : "a b a".split(" ")) counts.merge(word, 1, Integer::sum);
    List<Integer> squares =
      IntStream.range(0, 5).map(x -> x * x).boxed().collect(Collectors.toList());
    Supplier<String> text = () ->
      String.format("%s %d %.2f", counts, largest(squares), new Square(2).area());
    try { System.out.println(text.get() + new StringBuilder("x").append(Kind.A)); }
    finally { System.out.println(new Scanner("1 2").nextInt()); }
    Thread thread = new Thread(() -> System.out.println(Optional.of(1).map(x -> x + 1)));
    thread.start();
    thread.join();
  }
}

interface Shape { double area(); }
record Square(double side) implements Shape { public double area() { return side * side; } }
END

home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
java -Xshare:off -XX:DumpLoadedClassList="$work/classes" "$work/Warm.java" > /dev/null
sort -u "$work/classes" "$home/lib/classlist" > "$work/all"
if java -Xshare:dump -XX:SharedClassListFile="$work/all" \
  -XX:SharedArchiveFile="$work/classes.jsa" > "$work/log" 2>&1; then
  install -m 444 "$work/classes.jsa" "$home/lib/server/classes.jsa"
else
  # It is only slower without.
  cat "$work/log" >&2
fi
rm -rf "$work"
