/**
 * Works on `items` in their order, at most `width` of them at once, and gives the results in that order. What waits costs nothing: neither a promise
 * nor a place in a queue is made for an item before its turn. After the first failure no other item begins; what runs is waited for, and all that
 * failed is handed to `worst`, whose choice is thrown.
 */
export async function inWindow<T, R>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
  worst: (failures: readonly unknown[]) => unknown = (failures) => failures[0],
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const iterator = items[Symbol.iterator]();
  let next = 0;
  const worker = async () => {
    while (failures.length === 0) {
      const { done, value } = iterator.next();
      if (done) return;
      const at = next++;
      try {
        results[at] = await work(value);
      } catch (reason) {
        failures.push(reason);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failures.length > 0) throw worst(failures);
  return results;
}
