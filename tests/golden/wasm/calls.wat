(module
 (type $0 (func))
 (type $1 (func (param i32)))
 (type $2 (func (param f64 f64) (result f64)))
 (type $3 (func (param i32 i64)))
 (type $4 (func (param i32 i64) (result i64)))
 (type $5 (func (param i64 i64) (result i64)))
 (type $6 (func (param i64 i32 i32 i64) (result i64 i64 f64)))
 (type $7 (func (param i64 i32 i64) (result i64 i64 f64)))
 (type $8 (func (param i64 i32) (result i64)))
 (import "burin" "heap" (memory $heap 1 65536))
 (import "burin" "context" (memory $context 1 65536))
 (import "burin" "request" (func $request (param i32)))
 (import "burin" "fmod" (func $remainder (param f64 f64) (result f64)))
 (import "burin" "leave" (tag $leave (type $0)))
 (table $functions 3 3 funcref)
 (elem $s0 (i32.const 0) $f0)
 (elem $s1 (i32.const 1) $f1)
 (elem $s2 (i32.const 2) $f2)
 (export "enter0" (func $enter0))
 (export "enter1" (func $enter1))
 (export "enter2" (func $enter2))
 (func $leave (param $exit i32) (param $fuel i64)
  (i32.store $context
   (i32.const 0)
   (i32.const 1)
  )
  (i32.store $context offset=4
   (i32.const 0)
   (local.get $exit)
  )
  (i64.store $context offset=16
   (i32.const 0)
   (local.get $fuel)
  )
  (throw $leave)
 )
 (func $exit (param $exit i32) (param $fuel i64) (result i64)
  (i32.store $context offset=4
   (i32.const 0)
   (local.get $exit)
  )
  (i64.store $context offset=16
   (i32.const 0)
   (local.get $fuel)
  )
  (call $request
   (local.get $exit)
  )
  (i64.load $context offset=16
   (i32.const 0)
  )
 )
 (func $fmin64 (param $a f64) (param $b f64) (result f64)
  (local $r f64)
  (local.set $r
   (f64.min
    (local.get $a)
    (local.get $b)
   )
  )
  (select
   (local.get $r)
   (f64.const nan:0x8000000000000)
   (f64.eq
    (local.get $r)
    (local.get $r)
   )
  )
 )
 (func $umulh64 (param $a i64) (param $b i64) (result i64)
  (local $al i64)
  (local $ah i64)
  (local $bl i64)
  (local $bh i64)
  (local $t i64)
  (local.set $al
   (i64.and
    (local.get $a)
    (i64.const 4294967295)
   )
  )
  (local.set $bl
   (i64.and
    (local.get $b)
    (i64.const 4294967295)
   )
  )
  (local.set $ah
   (i64.shr_u
    (local.get $a)
    (i64.const 32)
   )
  )
  (local.set $bh
   (i64.shr_u
    (local.get $b)
    (i64.const 32)
   )
  )
  (local.set $t
   (i64.add
    (i64.mul
     (local.get $ah)
     (local.get $bl)
    )
    (i64.shr_u
     (i64.mul
      (local.get $al)
      (local.get $bl)
     )
     (i64.const 32)
    )
   )
  )
  (local.set $al
   (i64.add
    (i64.mul
     (local.get $al)
     (local.get $bh)
    )
    (i64.and
     (local.get $t)
     (i64.const 4294967295)
    )
   )
  )
  (i64.add
   (i64.add
    (i64.mul
     (local.get $ah)
     (local.get $bh)
    )
    (i64.shr_u
     (local.get $t)
     (i64.const 32)
    )
   )
   (i64.shr_u
    (local.get $al)
    (i64.const 32)
   )
  )
 )
 (func $f0 (param $0 i64) (param $1 i32) (param $2 i32) (param $3 i64) (result i64 i64 f64)
  (local $4 i64)
  (local $5 (tuple i64 i64 f64))
  (local $6 i64)
  (local $7 f64)
  (local $8 f64)
  (if
   (i32.lt_s
    (local.get $1)
    (i32.load $context offset=40
     (i32.const 0)
    )
   )
   (then
    (return
     (call $d0
      (local.get $0)
      (local.get $1)
      (local.get $2)
      (local.get $3)
     )
    )
   )
  )
  (local.set $4
   (i64.load $heap offset=8 align=1
    (local.get $2)
   )
  )
  (i32.store $heap offset=16 align=1
   (local.get $2)
   (local.get $2)
  )
  (if
   (i32.le_s
    (local.get $1)
    (i32.const 0)
   )
   (then
    (call $leave
     (i32.const 0)
     (local.get $0)
    )
    (unreachable)
   )
  )
  (local.set $5
   (call $f1
    (local.get $0)
    (i32.sub
     (local.get $1)
     (i32.const 1)
    )
    (local.get $3)
   )
  )
  (local.set $0
   (tuple.extract 3 0
    (local.get $5)
   )
  )
  (local.set $6
   (tuple.extract 3 1
    (local.get $5)
   )
  )
  (local.set $7
   (tuple.extract 3 2
    (local.get $5)
   )
  )
  (if
   (i32.le_s
    (local.get $1)
    (i32.const 0)
   )
   (then
    (call $leave
     (i32.const 1)
     (local.get $0)
    )
    (unreachable)
   )
  )
  (local.set $0
   (call $f2
    (local.get $0)
    (i32.sub
     (local.get $1)
     (i32.const 1)
    )
   )
  )
  (if
   (i32.le_s
    (local.get $1)
    (i32.const 0)
   )
   (then
    (call $leave
     (i32.const 2)
     (local.get $0)
    )
    (unreachable)
   )
  )
  (local.set $5
   (call_indirect $functions (type $7)
    (local.get $0)
    (i32.sub
     (local.get $1)
     (i32.const 1)
    )
    (local.get $6)
    (local.get $2)
   )
  )
  (local.set $0
   (tuple.extract 3 0
    (local.get $5)
   )
  )
  (local.set $6
   (tuple.extract 3 1
    (local.get $5)
   )
  )
  (local.set $8
   (tuple.extract 3 2
    (local.get $5)
   )
  )
  (i64.store $context offset=128
   (i32.const 0)
   (local.get $4)
  )
  (local.set $0
   (call $exit
    (i32.const 3)
    (local.get $0)
   )
  )
  (return
   (tuple.make 3
    (local.get $0)
    (i64.add
     (i64.load $context offset=128
      (i32.const 0)
     )
     (local.get $6)
    )
    (call $fmin64
     (f64.add
      (local.get $7)
      (local.get $8)
     )
     (local.get $7)
    )
   )
  )
  (unreachable)
 )
 (func $d0 (param $0 i64) (param $1 i32) (param $2 i32) (param $3 i64) (result i64 i64 f64)
  (i32.store $context offset=24
   (i32.const 0)
   (local.get $1)
  )
  (i64.store $context offset=640
   (i32.const 0)
   (i64.extend_i32_u
    (local.get $2)
   )
  )
  (i64.store $context offset=648
   (i32.const 0)
   (local.get $3)
  )
  (local.set $0
   (call $exit
    (i32.const 4)
    (local.get $0)
   )
  )
  (if
   (i32.eqz
    (i32.load $context offset=128
     (i32.const 0)
    )
   )
   (then
    (return
     (call $f0
      (local.get $0)
      (local.get $1)
      (local.get $2)
      (local.get $3)
     )
    )
   )
  )
  (return
   (tuple.make 3
    (local.get $0)
    (i64.load $context offset=640
     (i32.const 0)
    )
    (f64.load $context offset=648
     (i32.const 0)
    )
   )
  )
 )
 (func $enter0
  (local $0 (tuple i64 i64 f64))
  (local.set $0
   (call $f0
    (i64.load $context offset=16
     (i32.const 0)
    )
    (i32.load $context offset=24
     (i32.const 0)
    )
    (i32.load $context offset=640
     (i32.const 0)
    )
    (i64.load $context offset=648
     (i32.const 0)
    )
   )
  )
  (i64.store $context offset=16
   (i32.const 0)
   (tuple.extract 3 0
    (local.get $0)
   )
  )
  (i32.store $context
   (i32.const 0)
   (i32.const 0)
  )
  (i64.store $context offset=640
   (i32.const 0)
   (tuple.extract 3 1
    (local.get $0)
   )
  )
  (f64.store $context offset=648
   (i32.const 0)
   (tuple.extract 3 2
    (local.get $0)
   )
  )
 )
 (func $f1 (param $0 i64) (param $1 i32) (param $2 i64) (result i64 i64 f64)
  (return
   (tuple.make 3
    (local.get $0)
    (call $umulh64
     (local.get $2)
     (local.get $2)
    )
    (f64.convert_i64_s
     (local.get $2)
    )
   )
  )
  (unreachable)
 )
 (func $enter1
  (local $0 (tuple i64 i64 f64))
  (local.set $0
   (call $f1
    (i64.load $context offset=16
     (i32.const 0)
    )
    (i32.load $context offset=24
     (i32.const 0)
    )
    (i64.load $context offset=640
     (i32.const 0)
    )
   )
  )
  (i64.store $context offset=16
   (i32.const 0)
   (tuple.extract 3 0
    (local.get $0)
   )
  )
  (i32.store $context
   (i32.const 0)
   (i32.const 0)
  )
  (i64.store $context offset=640
   (i32.const 0)
   (tuple.extract 3 1
    (local.get $0)
   )
  )
  (f64.store $context offset=648
   (i32.const 0)
   (tuple.extract 3 2
    (local.get $0)
   )
  )
 )
 (func $f2 (param $0 i64) (param $1 i32) (result i64)
  (return
   (local.get $0)
  )
  (unreachable)
 )
 (func $enter2
  (local $0 i64)
  (local.set $0
   (call $f2
    (i64.load $context offset=16
     (i32.const 0)
    )
    (i32.load $context offset=24
     (i32.const 0)
    )
   )
  )
  (i64.store $context offset=16
   (i32.const 0)
   (local.get $0)
  )
  (i32.store $context
   (i32.const 0)
   (i32.const 0)
  )
 )
)
