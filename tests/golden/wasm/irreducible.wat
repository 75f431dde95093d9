(module
 (type $0 (func))
 (type $1 (func (param i32)))
 (type $2 (func (param f64 f64) (result f64)))
 (type $3 (func (param i32 i64)))
 (type $4 (func (param i32 i64) (result i64)))
 (type $5 (func (param i64 i32 i32 i32) (result i64 i32 i32)))
 (import "burin" "context" (memory $context 1 65536))
 (import "burin" "request" (func $request (param i32)))
 (import "burin" "fmod" (func $remainder (param f64 f64) (result f64)))
 (import "burin" "leave" (tag $leave (type $0)))
 (export "enter0" (func $enter0))
 (func $leave (param $exit i32) (param $fuel i64)
  (i32.store
   (i32.const 0)
   (i32.const 1)
  )
  (i32.store offset=4
   (i32.const 0)
   (local.get $exit)
  )
  (i64.store offset=16
   (i32.const 0)
   (local.get $fuel)
  )
  (throw $leave)
 )
 (func $exit (param $exit i32) (param $fuel i64) (result i64)
  (i32.store offset=4
   (i32.const 0)
   (local.get $exit)
  )
  (i64.store offset=16
   (i32.const 0)
   (local.get $fuel)
  )
  (call $request
   (local.get $exit)
  )
  (i64.load offset=16
   (i32.const 0)
  )
 )
 (func $f0 (param $0 i64) (param $1 i32) (param $2 i32) (param $3 i32) (result i64 i32 i32)
  (local $4 i32)
  (local $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 i32)
  (local $12 i32)
  (loop $dispatch
   (block $b4
    (block $b3
     (block $b1
      (block $b2
       (block $b0
        (br_table $b0 $b2 $b1 $b3 $b4 $b0
         (local.get $4)
        )
       )
       (if
        (local.get $3)
        (then
         (local.set $6
          (i32.const 0)
         )
         (local.set $5
          (local.get $2)
         )
         (local.set $4
          (i32.const 2)
         )
         (br $dispatch)
        )
       )
       (local.set $8
        (i32.const 0)
       )
       (local.set $7
        (local.get $2)
       )
       (local.set $4
        (i32.const 1)
       )
       (br $dispatch)
      )
      (if
       (i64.lt_u
        (local.get $0)
        (i64.const 3)
       )
       (then
        (call $leave
         (i32.const 0)
         (local.get $0)
        )
        (unreachable)
       )
      )
      (local.set $0
       (i64.sub
        (local.get $0)
        (i64.const 3)
       )
      )
      (local.set $9
       (i32.sub
        (local.get $7)
        (i32.const 1)
       )
      )
      (local.set $10
       (i32.xor
        (local.get $8)
        (local.get $9)
       )
      )
      (if
       (local.get $9)
       (then
        (local.set $6
         (local.get $10)
        )
        (local.set $5
         (local.get $9)
        )
        (local.set $4
         (i32.const 2)
        )
        (br $dispatch)
       )
      )
      (local.set $12
       (local.get $9)
      )
      (local.set $11
       (local.get $10)
      )
      (local.set $4
       (i32.const 4)
      )
      (br $dispatch)
     )
     (if
      (i64.lt_u
       (local.get $0)
       (i64.const 2)
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
      (i64.sub
       (local.get $0)
       (i64.const 2)
      )
     )
     (local.set $10
      (i32.sub
       (local.get $5)
       (i32.const 1)
      )
     )
     (if
      (local.get $10)
      (then
       (local.set $8
        (i32.add
         (local.get $6)
         (local.get $10)
        )
       )
       (local.set $7
        (local.get $10)
       )
       (local.set $4
        (i32.const 1)
       )
       (br $dispatch)
      )
     )
     (local.set $4
      (i32.const 3)
     )
     (br $dispatch)
    )
    (block
     (call $leave
      (i32.const 2)
      (local.get $0)
     )
     (unreachable)
    )
   )
   (return
    (tuple.make 3
     (local.get $0)
     (local.get $11)
     (local.get $12)
    )
   )
  )
  (unreachable)
 )
 (func $enter0
  (local $0 (tuple i64 i32 i32))
  (local.set $0
   (call $f0
    (i64.load offset=16
     (i32.const 0)
    )
    (i32.load offset=24
     (i32.const 0)
    )
    (i32.load offset=640
     (i32.const 0)
    )
    (i32.load offset=648
     (i32.const 0)
    )
   )
  )
  (i64.store offset=16
   (i32.const 0)
   (tuple.extract 3 0
    (local.get $0)
   )
  )
  (i32.store
   (i32.const 0)
   (i32.const 0)
  )
  (i64.store offset=640
   (i32.const 0)
   (i64.extend_i32_u
    (tuple.extract 3 1
     (local.get $0)
    )
   )
  )
  (i64.store offset=648
   (i32.const 0)
   (i64.extend_i32_u
    (tuple.extract 3 2
     (local.get $0)
    )
   )
  )
 )
)
