(module
 (type $0 (func))
 (type $1 (func (param i32)))
 (type $2 (func (param f64 f64) (result f64)))
 (type $3 (func (param i32 i64)))
 (type $4 (func (param i32 i64) (result i64)))
 (type $5 (func (param i64 i32 i64 i64) (result i64 i64)))
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
 (func $f0 (param $0 i64) (param $1 i32) (param $2 i64) (param $3 i64) (result i64 i64)
  (local $4 i64)
  (local $5 i64)
  (local $6 i64)
  (local $7 i64)
  (local $8 i64)
  (local $9 i64)
  (local $10 i64)
  (local.set $6
   (local.get $2)
  )
  (local.set $5
   (local.get $3)
  )
  (local.set $4
   (local.get $2)
  )
  (block $b5
   (loop $l1
    (if
     (i64.lt_u
      (local.get $0)
      (i64.const 4)
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
      (i64.const 4)
     )
    )
    (if
     (i64.eq
      (local.get $4)
      (local.get $5)
     )
     (then
      (local.set $7
       (local.get $6)
      )
      (br $b5)
     )
    )
    (local.set $8
     (local.get $6)
    )
    (block $b3
     (loop $l2
      (local.set $9
       (i64.sub
        (local.get $8)
        (i64.const 1)
       )
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
      (if
       (i64.eq
        (local.get $9)
        (local.get $4)
       )
       (then
        (call $leave
         (i32.const 2)
         (local.get $0)
        )
        (unreachable)
       )
      )
      (br_if $b3
       (i32.eqz
        (i64.gt_s
         (local.get $9)
         (local.get $5)
        )
       )
      )
      (local.set $8
       (local.get $9)
      )
      (br $l2)
     )
    )
    (if
     (i64.gt_s
      (local.get $9)
      (i64.const 100)
     )
     (then
      (local.set $7
       (local.get $9)
      )
      (br $b5)
     )
    )
    (local.set $6
     (local.get $9)
    )
    (local.set $10
     (local.get $5)
    )
    (local.set $5
     (local.get $4)
    )
    (local.set $4
     (local.get $10)
    )
    (br $l1)
   )
  )
  (return
   (tuple.make 2
    (local.get $0)
    (local.get $7)
   )
  )
  (unreachable)
 )
 (func $enter0
  (local $0 (tuple i64 i64))
  (local.set $0
   (call $f0
    (i64.load offset=16
     (i32.const 0)
    )
    (i32.load offset=24
     (i32.const 0)
    )
    (i64.load offset=640
     (i32.const 0)
    )
    (i64.load offset=648
     (i32.const 0)
    )
   )
  )
  (i64.store offset=16
   (i32.const 0)
   (tuple.extract 2 0
    (local.get $0)
   )
  )
  (i32.store
   (i32.const 0)
   (i32.const 0)
  )
  (i64.store offset=640
   (i32.const 0)
   (tuple.extract 2 1
    (local.get $0)
   )
  )
 )
)
