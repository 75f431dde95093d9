/**
 * What stands behind a forgotten dispose. Owns one `FinalizationRegistry`; guarantees that a native
 * resource is given back exactly once, by its owner's dispose or, failing that, some time after the
 * object that stands for it was collected. A resource that machine code knows only as an address is
 * not seen by the collector: keep its owner alive while code may use it.
 *
 * @module
 */

/** A native resource that is freed once. */
export interface Reclaim {
  /** Whether the resource still exists. */
  readonly live: boolean;
  /** Frees the resource. Later calls do nothing. */
  free(): void;
}

const registry = new FinalizationRegistry<Reclaim>((resource) => resource.free());

/**
 * Ties the life of a native resource to `owner`.
 *
 * @param owner the object whose collection frees the resource.
 * @param release frees the resource. It must not reach `owner`, or `owner` is never collected.
 */
export function reclaim(owner: WeakKey, release: () => void): Reclaim {
  let live = true;
  const resource: Reclaim = {
    get live() {
      return live;
    },
    free() {
      if (!live) return;
      live = false;
      registry.unregister(resource);
      release();
    },
  };
  // The token may be the held value itself: the registry keeps it, and it does not reach `owner`.
  registry.register(owner, resource, resource);
  return resource;
}

/** @throws {Error} that `what` was used after it was disposed. */
export function throwDisposed(what: string): never {
  throw new Error(`Cannot use a ${what} after it was disposed`);
}
