/**
 * The quick half of F10 and F11 (specification §7.7 to §7.9): accepts well-typed functions in one
 * walk and leaves everything else to {@linkcode solveTypes}, which follows the specification to the
 * letter.
 *
 * Why one walk is enough: a function passes only if every reachable write to a register has the same
 * known type. Then no join can mix types, and after F9 every read finds that type. So it suffices to
 * find for each register the type of its first write, compare the others and check the reads. In
 * reverse postorder the first write comes before all reads, since some path to each read lies
 * entirely before it. Shapes never cross block boundaries and are followed literally within blocks;
 * only the argument shapes of a first block that is also a loop header need the full analysis.
 *
 * @module
 */
import { type FlowContext, RESULT_TYPE, SOURCE_TYPES, TYPE_FORM, UNINIT } from "./verify_types.ts";

/**
 * The type code of each register, `UNINIT` if reachable code never writes it; or null if the walk did
 * not find one type for each, which says nothing about what is wrong.
 */
export function inferTypes(context: FlowContext): Int32Array | null {
  const { func, types, code, regs, blocks } = context;
  const { ops, at, operands } = code;
  const typeOf = new Int32Array(regs).fill(UNINIT);
  typeOf[0] = 0;
  types.functions[func].args.forEach((type, arg) => typeOf[arg + 1] = type);

  // What a way back to block 0 leaves of the argument shapes takes the full analysis to say.
  if (context.entryShapes.size > 0 && blocks.successors.includes(0)) return null;
  // Only registers of type Agg have a shape, and such a register is never written at another type
  // here; so shapes are set and replaced, never removed by a write.
  let shapes = new Map(context.entryShapes);

  /** Notes a write; false if the register has another type already. */
  const write = (reg: number, type: number): boolean => {
    const old = typeOf[reg];
    if (old === type) return type >= 0;
    typeOf[reg] = type;
    return old === UNINIT && type >= 0;
  };
  const callMatches = (
    list: number,
    args: readonly number[],
    results: readonly number[],
  ): boolean => {
    let word = list;
    if (operands[word++] !== args.length) return false;
    for (const type of args) if (typeOf[operands[word++]] !== type) return false;
    if (operands[word++] !== results.length) return false;
    for (const type of results) if (!write(operands[word++], type)) return false;
    return true;
  };
  const copyShape = (from: number, to: number): void => {
    const shape = shapes.get(from);
    if (shape !== undefined) shapes.set(to, shape);
    else shapes.delete(to);
  };
  /** The walk's rule for an instruction that the opcode table alone does not describe. */
  const special = (i: number): boolean => {
    const first = at[i];
    const dst = operands[first];
    switch (ops[i]) {
      case 0x01: { // mov
        const src = operands[first + 1];
        const type = typeOf[src];
        if (type === 9) copyShape(src, dst);
        return write(dst, type);
      }
      case 0x16: // const.pool
        return write(dst, types.constants[operands[first + 1]]);
      case 0x38: { // select
        const type = typeOf[operands[first + 2]];
        return typeOf[operands[first + 1]] === 1 && typeOf[operands[first + 3]] === type &&
          write(dst, type);
      }
      case 0x50: { // call
        const { args, results } = types.functions[operands[first + 1]];
        return callMatches(first + 3, args, results);
      }
      case 0x51: { // ret
        const { results } = types.functions[func];
        if (operands[first + 1] !== results.length) return false;
        return results.every((type, k) => typeOf[operands[first + 2 + k]] === type);
      }
      case 0x52: { // host_call
        const { args, results } = types.hostSigs[operands[first + 1]];
        return callMatches(first + 3, args, results);
      }
      case 0x54: { // call.indirect
        const callee = typeOf[operands[first + 2]];
        const { args, results } = types.callSigs[operands[first + 1]];
        return (callee === 10 || callee === 11) && callMatches(first + 4, args, results);
      }
      case 0x60: { // tuple.new
        const list = first + 2;
        const elements = Array.from(
          operands.subarray(list, list + operands[first + 1]),
          (reg) => typeOf[reg],
        );
        shapes.set(dst, { kind: "Tuple", id: 0, types: elements });
        return write(dst, 9);
      }
      case 0x62: { // struct.new
        const shape = types.structs[operands[first + 1]];
        if (operands[first + 2] !== shape.types.length) return false;
        for (let k = 0; k < shape.types.length; k++) {
          if (typeOf[operands[first + 3 + k]] !== shape.types[k]) return false;
        }
        shapes.set(dst, shape);
        return write(dst, 9);
      }
      case 0x64: { // array.new
        const shape = types.arrays[operands[first + 1]];
        const end = first + 3 + operands[first + 2];
        for (let k = first + 3; k < end; k++) {
          if (typeOf[operands[k]] !== shape.types[0]) return false;
        }
        shapes.set(dst, shape);
        return write(dst, 9);
      }
      case 0x61: // tuple.get
      case 0x63: { // struct.get
        const shape = shapes.get(operands[first + 1]);
        const index = operands[first + 2] >>> 0;
        if (typeOf[operands[first + 1]] !== 9 || shape === undefined) return false;
        if (shape.kind !== (ops[i] === 0x61 ? "Tuple" : "Struct")) return false;
        return index < shape.types.length && write(dst, shape.types[index]);
      }
      case 0x66: // array.get
      case 0x69: { // array.get_imm
        if (ops[i] === 0x66 && typeOf[operands[first + 2]] !== 3) return false;
        const shape = shapes.get(operands[first + 1]);
        if (typeOf[operands[first + 1]] !== 9 || shape?.kind !== "Array") return false;
        return write(dst, shape.types[0]);
      }
      case 0x65: // array.len
      case 0x67: // tuple.len
      case 0x68: { // struct.field_count
        const kind = ops[i] === 0x65 ? "Array" : ops[i] === 0x67 ? "Tuple" : "Struct";
        const shape = shapes.get(operands[first + 1]);
        if (typeOf[operands[first + 1]] !== 9) return false;
        return (shape === undefined || shape.kind === kind) && write(dst, 3);
      }
      default:
        throw new Error(`internal: no typing rule for opcode 0x${ops[i].toString(16)}`);
    }
  };

  for (let k = 0; k < blocks.order.length; k++) {
    const block = blocks.order[k];
    if (k > 0 && shapes.size > 0) shapes = new Map();
    const end = blocks.starts[block + 1];
    for (let i = blocks.starts[block]; i < end; i++) {
      const op = ops[i];
      const form = TYPE_FORM[op];
      const first = at[i];
      if (form <= 3) {
        for (let s = 0; s < form; s++) {
          if (typeOf[operands[first + 1 + s]] !== SOURCE_TYPES[op * 3 + s]) return null;
        }
        if (!write(operands[first], RESULT_TYPE[op])) return null;
      } else if (form === 5) {
        if (typeOf[operands[first]] !== SOURCE_TYPES[op * 3]) return null;
      } else if (form === 7) {
        if (!special(i)) return null;
      }
    }
  }
  return typeOf;
}
