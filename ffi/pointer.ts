/**
 * Pointers and addresses. Owns the two ways this folder names a place in memory: an *address*, a
 * plain number (user space ends far below 2^53 on every supported system), and a *pointer*, the
 * opaque object `Deno`'s fast calls take. Relies on nothing but `Deno.UnsafePointer`; does nothing
 * when imported.
 *
 * @module
 */

/** An opaque native pointer. Make one per address and keep it: making one costs about 50 ns. */
export type Pointer = Deno.PointerObject;

/**
 * The pointer to `address`.
 *
 * @throws {RangeError} if `address` is not a positive safe integer.
 */
export function pointerTo(address: number): Pointer {
  if (!Number.isSafeInteger(address) || address <= 0) {
    throw new RangeError(`Cannot make a pointer: ${address} is not a native address`);
  }
  return Deno.UnsafePointer.create(BigInt(address))!;
}

/** The address `pointer` holds; 0 for the null pointer. */
export function addressOf(pointer: Pointer | null): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

/**
 * The address of the first byte of `buffer`, valid as long as the buffer is alive and attached. For
 * the buffer of a `WebAssembly.Memory` the address outlives `grow` as well: V8 reserves the maximum
 * and grows in place, although each growth detaches the old `ArrayBuffer`.
 *
 * Typed arrays are not accepted, because V8 keeps small ones on the moving heap until something asks
 * for their `buffer`.
 *
 * @throws {TypeError} if `buffer` is empty or detached and so has no address.
 */
export function addressOfBuffer(buffer: ArrayBufferLike): number {
  const pointer = buffer.byteLength === 0 ? null : Deno.UnsafePointer.of(new Uint8Array(buffer));
  if (pointer === null) {
    throw new TypeError("Cannot take the address of an empty or detached buffer");
  }
  return addressOf(pointer);
}

/**
 * A fixed-length `ArrayBuffer` over native memory. It does not keep the memory alive: whoever unmaps
 * it calls {@linkcode detach} first, so that every view becomes empty instead of dangling.
 */
export function bufferAt(address: number, byteLength: number): ArrayBuffer {
  // SAFETY: callers own [address, address + byteLength), keep it mapped while the buffer is
  // attached, and detach it before unmapping, so no view outlives its pages.
  return Deno.UnsafePointerView.getArrayBuffer(pointerTo(address), byteLength);
}

/** Detaches `buffer`: it and every view on it has length 0 from now on. */
export function detach(buffer: ArrayBuffer): void {
  // Transferring to the same length moves the backing store without touching its bytes.
  if (!buffer.detached) buffer.transfer();
}
