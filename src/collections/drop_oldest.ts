/** Deletes what was put first into a map that has become too large by one. */
export function dropOldest(map: Map<unknown, unknown>, most: number): void {
  if (map.size <= most) return;
  for (const oldest of map.keys()) return void map.delete(oldest);
}
