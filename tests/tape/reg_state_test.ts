import { assert, assertEquals } from "@std/assert";
import { type RegState, RegStates } from "../../src/tape/reg_state.ts";
import { AMBIGUOUS, UNINIT } from "../../src/tape/verify_types.ts";
import { randomSource } from "./verify_random.ts";

for (const regs of [1, 32, 33, 1024, 1025, 40_000]) {
  Deno.test(`states of ${regs} registers behave like arrays`, () => {
    const random = randomSource(regs);
    const states = new RegStates(regs);
    const pool: { state: RegState; plain: Int32Array }[] = [
      { state: states.initial(), plain: new Int32Array(regs).fill(UNINIT) },
    ];
    for (let round = 0; round < 300; round++) {
      const a = pool[random(pool.length)];
      const b = pool[random(pool.length)];
      if (random(2) === 0) {
        const plain = a.plain.slice();
        let { state } = a;
        for (let n = random(regs < 100 ? 2 * regs : 40); n >= 0; n--) {
          const reg = random(4) === 0 ? regs - 1 : random(Math.min(regs, 70));
          plain[reg] = random(6) - 2;
          state = states.set(state, reg, plain[reg]);
        }
        pool.push({ state, plain });
      } else {
        const plain = a.plain.map((x, r) => {
          const y = b.plain[r];
          return x === y ? x : x === UNINIT || y === UNINIT ? UNINIT : AMBIGUOUS;
        });
        const state = states.join(a.state, b.state);
        assert(
          states.join(b.state, a.state) === state ||
            states.equal(states.join(b.state, a.state), state),
        );
        if (plain.every((x, r) => x === a.plain[r])) assert(states.equal(state, a.state));
        pool.push({ state, plain });
      }
      const { state, plain } = pool[pool.length - 1];
      for (const reg of [0, regs - 1, random(regs), random(Math.min(regs, 70))]) {
        assertEquals(states.get(state, reg), plain[reg]);
      }
      assertEquals(states.firstAmbiguous(state), plain.indexOf(AMBIGUOUS));
      assertEquals(states.equal(state, a.state), plain.every((x, r) => x === a.plain[r]));
      assert(states.set(state, 0, plain[0]) === state, "a change to the same code is no change");
    }
  });
}
