/**
 * Runs IR programs in WebAssembly for tests: a guest memory, a context block, one module at a time.
 *
 * @module
 */
import { Context, ExitCode } from "../../src/ir/context.ts";
import type { Outcome } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import type { Binaryen } from "../../src/wasm/binaryen.ts";
import {
  type CompiledWasm,
  compileWasm,
  thunkName,
  type WasmOptions,
} from "../../src/wasm/module.ts";
import { createTag, isException } from "../../src/wasm/web.ts";

/** What a run gets. */
export interface WasmRunOptions {
  readonly fuel: bigint;
  readonly depth: number;
  /** Does the work of an exit. */
  readonly onExit?: (code: number) => void;
}

/** See the module text. */
export class WasmMachine {
  readonly heap = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  readonly context = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  readonly u8 = new Uint8Array(this.heap.buffer);
  readonly u64 = new BigUint64Array(this.context.buffer);
  readonly i32 = new Int32Array(this.context.buffer);
  readonly #tag = createTag();
  #compiled!: CompiledWasm;
  #instance!: WebAssembly.Instance;
  #funcs: readonly Func[] = [];
  #onExit: ((code: number) => void) | undefined;

  /** Compiles a program. */
  load(binaryen: Binaryen, funcs: readonly Func[], options: WasmOptions = {}): void {
    this.#funcs = funcs;
    this.#compiled = compileWasm(binaryen, funcs.map((func, index) => ({ func, index })), options);
    this.#instance = new WebAssembly.Instance(new WebAssembly.Module(this.#compiled.bytes), {
      burin: {
        heap: this.heap,
        context: this.context,
        leave: this.#tag as unknown as WebAssembly.ImportValue,
        request: (id: number) => this.#onExit!(this.#compiled.exits[id].code - ExitCode.Request),
        fmod: (a: number, b: number) => a % b,
      },
    });
  }

  /** Fuel that the last run left. */
  get fuel(): bigint {
    return this.u64[Context.fuel / 8];
  }

  /** Runs function `index`. */
  run(index: number, args: readonly bigint[], options: WasmRunOptions): Outcome {
    const { u64, i32 } = this, area = Context.area / 8;
    u64[Context.fuel / 8] = options.fuel;
    u64[Context.depth / 8] = BigInt(options.depth);
    args.forEach((bits, k) => u64[area + k] = bits);
    this.#onExit = options.onExit;
    try {
      (this.#instance.exports[thunkName(index)] as () => void)();
    } catch (error) {
      if (!isException(error, this.#tag)) throw error;
      return this.#left(this.#compiled.exits[i32[Context.exitSite / 4]]);
    }
    const values = this.#funcs[index].resultTypes.map((_, k) => u64[area + k]);
    return { kind: "return", values };
  }

  #left({ code, func, site: at }: { code: number; func: number; site: number }): Outcome {
    const site = this.#funcs[func].sites[at];
    const place = { func: site.func >= 0 ? site.func : func, pc: site.pc };
    if (code === ExitCode.Trap) return { kind: "trap", code: site.code, ...place };
    if (code === ExitCode.Depth) return { kind: "depth", ...place };
    if (code !== ExitCode.Fuel) throw new Error(`left with code ${code}`);
    const before = Number(this.fuel);
    const inlined = site.funcs[before] ?? -1;
    return { kind: "fuel", func: inlined >= 0 ? inlined : func, pc: site.pcs[before] };
  }
}
