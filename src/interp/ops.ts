/**
 * Opcode words of the interpreter's loop. 0x00 to 0x93 that mean the same as in bytecode are the
 * bytecode's own and not listed; the loop repeats all of them as literals, which is what V8 needs to
 * make a jump table.
 *
 * @module
 */

/**
 * Operand words follow the opcode word. `d`, `a`, `b`, `c` are slots, `k...` result slots of the form
 * that `translate.ts` describes, `cost` the next segment's.
 */
export const Op = {
  /** d a: two words */
  MOV2: 0x03,
  /** d low high scale */
  CONST2: 0x04,
  /** d c a b: two words */
  SELECT2: 0x05,
  /** index func: charges and traces one instruction */
  TICK: 0x06,
  /** func cost */
  TRACE_ENTER: 0x07,
  /** (none) */
  TRACE_EXIT: 0x08,
  /** (none): end of the run */
  HALT: 0x09,
  /** (none) */
  RET0: 0x0a,
  /** a */
  RET1: 0x0b,
  /** n a... */
  RETN: 0x0c,
  /** (none): a function without instructions */
  EMPTY: 0x0d,
  /** d a kind index class: element of one word */
  GET: 0x0e,
  /** d a kind index class: element of class unit or dec */
  GETX: 0x0f,
  /** d low high */
  CONST: 0x10,
  /** d a index class: array element of one word */
  AGET: 0x11,
  /** d a index class: array element of class unit or dec */
  AGETX: 0x12,
  /** d a kind */
  LEN: 0x13,
  /** next d kind typeId n size (a...) (tags...): aggregate of one-word elements */
  NEW: 0x14,
  /** next d kind typeId n size (a...) (tags...) (class...): any aggregate; a is -1 for units */
  NEWX: 0x15,
  /** func frame return a (k...) cost: one argument word; the next has two */
  CALL1: 0x44,
  CALL2: 0x45,
  /** func frame return n a... (k...) cost */
  CALLN: 0x47,
  /** callSig callee frame return n a... (k...) cost */
  CALL_FUNC: 0x48,
  /** callSig callee frame return n a... (k...) cost */
  CALL_CLOSURE: 0x49,
  /** func block: hands the frame to a faster tier, at the start of a block, or of the function if -1 */
  HAND_OVER: 0x4b,
  /** hostSig next n a... k... cost; n counts the result words, -1 if their classes clash */
  HOST: 0x4a,
  /** d a b true false: integer equality, then a branch on it; likewise the next seven */
  EQ_BR: 0xa0,
  LT_S_BR: 0xa1,
  LE_S_BR: 0xa2,
  LT_U_BR: 0xa3,
  LE_U_BR: 0xa4,
  EQ_F_BR: 0xa5,
  LT_F_BR: 0xa6,
  LE_F_BR: 0xa7,
  /** d a b true false target: a jump to the position `target` of an LT_S_BR block, and that block */
  JMP_LT_S_BR: 0xa8,
  JMP_LT_U_BR: 0xa9,
  /** d a b target: integer addition, then a jump */
  ADD_JMP: 0xaa,
  /** d a b (operands of JMP_LT_S_BR): integer addition, then that */
  ADD_JMP_LT_S_BR: 0xab,
  ADD_JMP_LT_U_BR: 0xac,
  /** d a b d a b: two integer additions */
  ADD_ADD: 0xad,
  /** d a b d a b: integer multiplication, then addition */
  MUL_ADD: 0xae,
} as const;
