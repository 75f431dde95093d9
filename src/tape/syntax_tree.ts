/**
 * The tree of a `.tape` source: what the parser makes and the assembler turns into a program.
 * Every node that can be wrong keeps the token to point at.
 *
 * @module
 */
import type { Token } from "./lexer.ts";
import type { OpcodeInfo } from "./opcodes.ts";
import type { Constant } from "./program.ts";
import type { Signature, ValueType } from "./types.ts";

/** A name stored with the program: `text`, `"text"`, `text#5` or, for hosts, `#5` alone. */
export interface SymbolNode {
  readonly token: Token;
  /** The text; null when only an id is given. */
  readonly text: string | null;
  /** Whether the text is a plain name, which can be referred to in the source. */
  readonly plain: boolean;
  /** The symbol id, when given. */
  readonly id: number | null;
}

/** A register: `r5` or a name. */
export interface RegNode {
  readonly token: Token;
  /** Its number, or null when it goes by a name. */
  readonly number: number | null;
  /** Bytes of its encoding, when given. */
  readonly width: number | null;
}

/** What an aggregate argument looks like. */
export type ShapeNode =
  | { readonly kind: "tuple"; readonly elements: readonly (ValueType | null)[] }
  | { readonly kind: "struct"; readonly ref: Token }
  | { readonly kind: "array"; readonly elem: ElemNode };

/** An array element type: a type or an index. */
export type ElemNode = { readonly token: Token; readonly type: ValueType | null };

/** An argument. */
export interface ArgNode {
  /** Null for no name, `"_"` for a slot of the name list left empty. */
  readonly name: SymbolNode | "_" | null;
  readonly type: ValueType;
  readonly shape: ShapeNode | null;
}

/** A result. */
export interface ResultNode {
  readonly name: SymbolNode | "_" | null;
  readonly type: ValueType;
}

/** A read operand or immediate of an instruction; written ones stand on the left. */
export type OperandNode =
  | { readonly kind: "reg"; readonly reg: RegNode }
  | { readonly kind: "regs"; readonly regs: readonly RegNode[] }
  | {
    readonly kind: "number";
    readonly token: Token;
    readonly value: bigint;
    readonly width: number | null;
  }
  | { readonly kind: "constant"; readonly token: Token; readonly constant: Constant }
  | { readonly kind: "elem"; readonly elem: ElemNode; readonly width: number | null }
  | { readonly kind: "signature"; readonly signature: Signature; readonly width: number | null }
  /** A name or index that means something in the table its operand belongs to. */
  | { readonly kind: "ref"; readonly token: Token; readonly width: number | null };

/** An instruction; `operands` run along `info.operands`. */
export interface InstructionNode {
  readonly kind: "instruction";
  readonly token: Token;
  readonly info: OpcodeInfo;
  readonly operands: readonly OperandNode[];
}

/** A line of a function's body. */
export type StatementNode =
  | InstructionNode
  | { readonly kind: "label"; readonly token: Token }
  | { readonly kind: "place name"; readonly symbol: SymbolNode; readonly pc: number | null }
  | { readonly kind: "alias"; readonly symbol: SymbolNode }
  | { readonly kind: "span"; readonly id: bigint }
  | { readonly kind: "spans"; readonly pairs: readonly bigint[] }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** A function. */
export interface FunctionNode {
  readonly kind: "func";
  readonly token: Token;
  /** The position it says it has, or null. */
  readonly index: Token | null;
  readonly name: SymbolNode | null;
  readonly args: readonly ArgNode[];
  readonly results: readonly ResultNode[];
  readonly regCount: number | null;
  readonly counts: { readonly args: number; readonly results: number } | null;
  readonly body: readonly StatementNode[];
}

/** A top-level item. */
export type ItemNode =
  | FunctionNode
  | { readonly kind: "program"; readonly name: SymbolNode }
  | { readonly kind: "symbols"; readonly texts: readonly string[] }
  | { readonly kind: "constants"; readonly constants: readonly Constant[] }
  | { readonly kind: "elems"; readonly types: readonly ValueType[] }
  | { readonly kind: "sig"; readonly name: Token | null; readonly signature: Signature }
  | {
    readonly kind: "struct";
    readonly name: Token;
    readonly fields: readonly { readonly name: string; readonly type: ValueType }[];
  }
  | {
    readonly kind: "host";
    readonly alias: Token | null;
    readonly symbol: SymbolNode;
    readonly signature: Signature;
    readonly hash: bigint | null;
  }
  | {
    readonly kind: "shape";
    readonly func: Token;
    readonly arg: number;
    readonly shape: ShapeNode;
  };
