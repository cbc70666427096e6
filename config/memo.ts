/** A function that computes its answer for each object once; only for objects that never change. */
export function memoized<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const answers = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const known = answers.get(key) ?? { value: compute(key) };
    answers.set(key, known);
    return known.value;
  };
}
