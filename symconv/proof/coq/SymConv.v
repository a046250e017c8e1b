(** * The gradients of a convolution layer, for every shape

    What is proved: for a convolution layer of any rank, size, stride, dilation, input dilation, padding (negative
    padding too), batch, group and channel count, over any commutative ring, the familiar closed forms ("dilate delta
    by the stride, pad it with zeros, rotate the kernel, correlate") ARE the gradients of the layer. No axioms.

    How: along each axis a layer is one equation, the axis relation

        u*x = s*i + d*k - p_lo        output position i, kernel tap k, input position x

    and everything a layer does is one sum over it, the trilinear form

        T(delta, w, a) = sum of  delta[i] * w[k] * a[x]  over all i, k, x that meet.

    Solving the relation for x gives the forward map and the weight gradient, solving it for i the input gradient.
    The relation, read with the roles of i, k and x exchanged, is again the relation of a layer (sections 2 and 6), so a
    single lemma about a single equation, [sift], does the solving for all three.

    The sections: 1 rings and axes; 2 geometry; 3 finite sums and [sift]; 4 zero-padded buffers; 5 one trilinear form;
    6 layers with batch, groups and channels; 7 the theorem; 8 uniqueness; 9 polynomials written out; 10 the integers
    and the rationals as instances. *)

From Coq Require Import ZArith Lia ZifyBool List Bool Ring.
From Coq Require Qcanon.
Import ListNotations.
Local Open Scope Z_scope.

(** ** 1. Rings and axes *)

(** Entries of tensors live in an arbitrary commutative ring; sizes and positions are integers. *)
Record ring := Ring {
  carrier :> Type;
  zero : carrier;
  one : carrier;
  add : carrier -> carrier -> carrier;
  mul : carrier -> carrier -> carrier;
  sub : carrier -> carrier -> carrier;
  opp : carrier -> carrier;
  laws : ring_theory zero one add mul sub opp (@eq carrier)
}.

Infix "+!" := (add _) (at level 50, left associativity).
Infix "-!" := (sub _) (at level 50, left associativity).
Infix "*!" := (mul _) (at level 40, left associativity).

(** One spatial axis: L, K, s, d, u, p_lo, p_hi. *)
Record axis := Axis {
  input_size : Z; kernel_size : Z; stride : Z; dilation : Z; input_dilation : Z; low : Z; high : Z
}.

(** t: how far the kernel can slide. *)
Definition slack (A : axis) : Z :=
  input_dilation A * (input_size A - 1) + low A + high A - dilation A * (kernel_size A - 1).
(** O = t div s + 1 and r = t mod s. *)
Definition output_size (A : axis) : Z := slack A / stride A + 1.
Definition remainder (A : axis) : Z := slack A mod stride A.
(** The length of the input with its gaps, and of that with its padding. *)
Definition span (A : axis) : Z := input_dilation A * (input_size A - 1) + 1.
Definition buffer_size (A : axis) : Z := low A + span A + high A.

(** The hypotheses of the theorem: nothing but this makes a layer. *)
Definition valid (A : axis) : Prop :=
  1 <= input_size A /\ 1 <= kernel_size A /\ 1 <= stride A /\ 1 <= dilation A /\ 1 <= input_dilation A /\ 0 <= slack A.

(** The axes of the two gradients. The kernel of the weight gradient is delta, so its size is O. *)
Definition input_axis (A : axis) : axis := {|
  input_size := output_size A; kernel_size := kernel_size A;
  stride := input_dilation A; dilation := dilation A; input_dilation := stride A;
  low := dilation A * (kernel_size A - 1) - low A;
  high := dilation A * (kernel_size A - 1) - high A + remainder A |}.
Definition weight_axis (A : axis) : axis := {|
  input_size := input_size A; kernel_size := output_size A;
  stride := dilation A; dilation := stride A; input_dilation := input_dilation A;
  low := low A;
  high := high A - remainder A |}.

(** ** 2. Geometry: the gradients have the right sizes and never read outside their buffers *)

Theorem slack_split A : valid A ->
  slack A = stride A * (output_size A - 1) + remainder A /\ 0 <= remainder A < stride A /\ 1 <= output_size A.
Proof.
  intros (? & ? & ? & ? & ? & ?). unfold output_size, remainder.
  pose proof (Z.div_mod (slack A) (stride A) ltac:(lia)).
  pose proof (Z.mod_pos_bound (slack A) (stride A) ltac:(lia)).
  pose proof (Z.div_pos (slack A) (stride A) ltac:(lia) ltac:(lia)). lia.
Qed.

(** O counts the windows that fit: exactly those that start below it. *)
Theorem window_fits A i : valid A -> 0 <= i ->
  (i < output_size A <-> stride A * i + dilation A * (kernel_size A - 1) < buffer_size A).
Proof.
  intros V ?. pose proof (slack_split A V) as (E & ? & ?). destruct V as (? & ? & ? & ? & ? & ?).
  unfold buffer_size, span, slack in *. nia.
Qed.

Theorem reads_inside A i k : valid A -> 0 <= i < output_size A -> 0 <= k < kernel_size A ->
  0 <= stride A * i + dilation A * k < buffer_size A.
Proof.
  intros V ? ?. pose proof (proj1 (window_fits A i V ltac:(lia)) ltac:(lia)).
  destruct V as (? & ? & ? & ? & ? & ?). nia.
Qed.

Lemma sizes_from_slack A n : 1 <= stride A -> slack A = stride A * (n - 1) -> output_size A = n /\ remainder A = 0.
Proof.
  intros ? E. unfold output_size, remainder. rewrite E, (Z.mul_comm (stride A)), Z.div_mul, Z.mod_mul; lia.
Qed.

(** The gradient correlations are layers in their own right (so [reads_inside] holds for them, too). Their output sizes
    are exactly L and K: the padding of the table, with its r, leaves nothing over. *)
Theorem input_geometry A : valid A ->
  valid (input_axis A) /\ output_size (input_axis A) = input_size A /\ remainder (input_axis A) = 0.
Proof.
  intros V. pose proof (slack_split A V) as (E & ? & ?). destruct V as (? & ? & ? & ? & ? & ?).
  assert (S : slack (input_axis A) = input_dilation A * (input_size A - 1)) by (unfold slack in *; cbn; lia).
  split; [| apply sizes_from_slack; cbn; assumption].
  unfold valid. rewrite S. cbn. repeat split; nia.
Qed.

Theorem weight_geometry A : valid A ->
  valid (weight_axis A) /\ output_size (weight_axis A) = kernel_size A /\ remainder (weight_axis A) = 0.
Proof.
  intros V. pose proof (slack_split A V) as (E & ? & ?). destruct V as (? & ? & ? & ? & ? & ?).
  assert (S : slack (weight_axis A) = dilation A * (kernel_size A - 1)) by (unfold slack in *; cbn; lia).
  split; [| apply sizes_from_slack; cbn; assumption].
  unfold valid. rewrite S. cbn. repeat split; nia.
Qed.

Corollary input_reads_inside A x k : valid A -> 0 <= x < input_size A -> 0 <= k < kernel_size A ->
  0 <= input_dilation A * x + dilation A * k < buffer_size (input_axis A).
Proof.
  intros V ? ?. destruct (input_geometry A V) as (V' & S & _). apply (reads_inside (input_axis A)); try rewrite S; auto.
Qed.
Corollary weight_reads_inside A k i : valid A -> 0 <= k < kernel_size A -> 0 <= i < output_size A ->
  0 <= dilation A * k + stride A * i < buffer_size (weight_axis A).
Proof.
  intros V ? ?. destruct (weight_geometry A V) as (V' & S & _).
  apply (reads_inside (weight_axis A)); try rewrite S; auto.
Qed.

(** ** 3. Finite sums and the one lemma *)

(** [range n] is 0, 1, ..., n-1; [box [n1; n2; ...]] lists the index tuples of an array of that shape. *)
Definition range (n : Z) : list Z := map Z.of_nat (seq 0 (Z.to_nat n)).
Fixpoint box (ns : list Z) : list (list Z) :=
  match ns with
  | [] => [[]]
  | n :: ns => flat_map (fun i => map (cons i) (box ns)) (range n)
  end.

Lemma range_none n : n <= 0 -> range n = [].
Proof. intros. unfold range. now replace (Z.to_nat n) with 0%nat by lia. Qed.
Lemma range_add m n : 0 <= m -> 0 <= n -> range (m + n) = range m ++ map (Z.add m) (range n).
Proof.
  intros. unfold range. rewrite Z2Nat.inj_add, seq_app, map_app, map_map by lia. f_equal.
  enough (S : forall k s, map Z.of_nat (seq (Z.to_nat m + s) k) = map (fun j => m + Z.of_nat j) (seq s k)).
  { rewrite <- S. do 2 f_equal. lia. }
  induction k; intros s; cbn; [reflexivity|]. f_equal; [lia|]. rewrite <- IHk. do 2 f_equal. lia.
Qed.
Lemma range_succ n : 0 <= n -> range (Z.succ n) = range n ++ [n].
Proof.
  intros. unfold Z.succ. rewrite range_add by lia. change (range 1) with [0]. cbn [map]. now rewrite Z.add_0_r.
Qed.
Lemma in_range i n : In i (range n) <-> 0 <= i < n.
Proof.
  unfold range. rewrite in_map_iff. setoid_rewrite in_seq. split.
  - intros (j & <- & ?). lia.
  - intros. exists (Z.to_nat i). lia.
Qed.
Lemma in_box n ns e : In e (box (n :: ns)) <-> exists i e', e = i :: e' /\ 0 <= i < n /\ In e' (box ns).
Proof.
  cbn. rewrite in_flat_map. split.
  - intros (i & ?%in_range & (e' & <- & ?)%in_map_iff). eauto.
  - intros (i & e' & -> & ? & ?). exists i. rewrite in_range, in_map_iff. eauto.
Qed.
Lemma box_length ns : forall e, In e (box ns) -> length e = length ns.
Proof.
  induction ns; intros e H.
  - destruct H as [<- | []]. reflexivity.
  - apply in_box in H as (i & e' & -> & _ & ?). cbn. f_equal. auto.
Qed.

(** Group g, channel o within the group: channel q*g + o of all. *)
Lemma quotient q g o : 0 <= o < q -> (q * g + o) / q = g.
Proof. intros. symmetry. apply (Z.div_unique_pos _ _ _ o); lia. Qed.
Lemma residue q g o : 0 <= o < q -> (q * g + o) mod q = o.
Proof. intros. symmetry. apply (Z.mod_unique_pos _ _ g); lia. Qed.

Section Theory.
Context {R : ring}.
Add Ring the_ring : (laws R).

(** A tensor gives a value to every index tuple; its shape says which tuples count. *)
Definition tensor := list Z -> R.

(** The sum of f over a list, and a value under a guard. *)
Fixpoint sum {X : Type} (l : list X) (f : X -> R) : R :=
  match l with [] => zero R | x :: rest => f x +! sum rest f end.
Notation "'SUM' x 'in' l , e" := (sum l (fun x => e)) (at level 60, x name, l at level 59, e at level 60).
Definition when (b : bool) (v : R) : R := if b then v else zero R.

Lemma sum_ext {X} (l : list X) f g : (forall x, In x l -> f x = g x) -> sum l f = sum l g.
Proof. induction l; cbn; intros H; [reflexivity|]. rewrite H, IHl by auto. reflexivity. Qed.
Lemma sum_zero {X} (l : list X) : sum l (fun _ => zero R) = zero R.
Proof. induction l; cbn; [|rewrite IHl]; ring. Qed.
Lemma sum_add {X} (l : list X) f g : SUM x in l, (f x +! g x) = sum l f +! sum l g.
Proof. induction l; cbn; [|rewrite IHl]; ring. Qed.
Lemma sum_mul {X} (l : list X) c f : SUM x in l, (c *! f x) = c *! sum l f.
Proof. induction l; cbn; [|rewrite IHl]; ring. Qed.
Lemma sum_app {X} (l m : list X) f : sum (l ++ m) f = sum l f +! sum m f.
Proof. induction l; cbn; [|rewrite IHl]; ring. Qed.
Lemma sum_map {X Y} (p : Y -> X) l f : sum (map p l) f = SUM y in l, f (p y).
Proof. induction l; cbn; [|rewrite IHl]; reflexivity. Qed.
Lemma sum_flat_map {X Y} (p : Y -> list X) l f : sum (flat_map p l) f = SUM y in l, sum (p y) f.
Proof. induction l; cbn; [|rewrite sum_app, IHl]; reflexivity. Qed.
Lemma sum_when {X} (l : list X) b f : SUM x in l, when b (f x) = when b (sum l f).
Proof. destruct b; cbn; [reflexivity | apply sum_zero]. Qed.
Lemma sum_swap {X Y} (l : list X) (m : list Y) f : SUM x in l, SUM y in m, f x y = SUM y in m, SUM x in l, f x y.
Proof. induction l; cbn; [now rewrite sum_zero | now rewrite IHl, sum_add]. Qed.
Lemma sum_box n ns f : sum (box (n :: ns)) f = SUM i in range n, SUM e in box ns, f (i :: e).
Proof. cbn. rewrite sum_flat_map. apply sum_ext. intros. apply sum_map. Qed.

Lemma when_mul b c v : when b (c *! v) = c *! when b v.
Proof. destruct b; cbn; ring. Qed.
Lemma when_add b u v : when b (u +! v) = when b u +! when b v.
Proof. destruct b; cbn; ring. Qed.
Lemma when_and b c v : when (b && c) v = when b (when c v).
Proof. now destruct b. Qed.

(** THE lemma: an equation q*v = m has at most one solution v in 0 .. n-1. It exists iff q divides m and m/q is in
    range, and then it is m/q. So a sum over v, guarded by the equation, is one guarded value. *)
Lemma sift q m n f : 1 <= q ->
  SUM v in range n, when (q * v =? m) (f v) = when ((m mod q =? 0) && ((0 <=? m / q) && (m / q <? n))) (f (m / q)).
Proof.
  intros Hq.
  assert (solved : forall v, (q * v =? m) = (m mod q =? 0) && (v =? m / q)).
  { intros v. apply eq_true_iff_eq. rewrite andb_true_iff, !Z.eqb_eq. split.
    - intros <-. rewrite Z.mul_comm, Z.mod_mul, Z.div_mul; lia.
    - intros [E ->]. pose proof (Z.div_mod m q). lia. }
  rewrite (sum_ext _ _ (fun v => when (m mod q =? 0) (when (v =? m / q) (f v))))
    by (intros; now rewrite solved, when_and).
  rewrite sum_when, when_and. f_equal. generalize (m / q). clear. intros c.
  destruct (Z.le_gt_cases n 0) as [Hn | Hn].
  { rewrite range_none by lia. unfold when. now replace ((0 <=? c) && (c <? n)) with false by lia. }
  apply Z.lt_le_incl in Hn. revert n Hn. apply natlike_ind.
  - unfold when. now replace ((0 <=? c) && (c <? 0)) with false by lia.
  - intros n Hn IH. rewrite range_succ, sum_app, IH by lia. cbn [sum]. unfold when.
    destruct (Z.eqb_spec n c) as [-> | ?].
    + replace ((0 <=? c) && (c <? c)) with false by lia. replace ((0 <=? c) && (c <? Z.succ c)) with true by lia. ring.
    + replace ((0 <=? c) && (c <? Z.succ n)) with ((0 <=? c) && (c <? n)) by lia. ring.
Qed.

Lemma sum_pick n c f : 0 <= c < n -> SUM v in range n, when (v =? c) (f v) = f c.
Proof.
  intros. transitivity (SUM v in range n, when (1 * v =? c) (f v)).
  - apply sum_ext. intros. now rewrite Z.mul_1_l.
  - rewrite sift, Z.mod_1_r, Z.div_1_r by lia. now replace ((0 =? 0) && _) with true by lia.
Qed.

(** Rotation by 180 degrees: k -> K-1-k, on every axis, only changes the order of a sum. *)
Lemma sum_reverse n f : SUM k in range n, f (n - 1 - k) = SUM k in range n, f k.
Proof.
  transitivity (SUM k in range n, SUM j in range n, when (j =? n - 1 - k) (f j)).
  - apply sum_ext. intros k H%in_range. symmetry. apply (sum_pick n (n - 1 - k) f). lia.
  - rewrite sum_swap. apply sum_ext. intros j H%in_range.
    rewrite (sum_ext _ _ (fun k => when (k =? n - 1 - j) (f j))) by (intros; f_equal; lia).
    apply (sum_pick n (n - 1 - j) (fun _ => f j)). lia.
Qed.
Fixpoint opposite (Ks ks : list Z) : list Z :=
  match Ks, ks with K :: Ks, k :: ks => K - 1 - k :: opposite Ks ks | _, _ => [] end.
Lemma opposite_opposite Ks : forall ks, length ks = length Ks -> opposite Ks (opposite Ks ks) = ks.
Proof.
  induction Ks; intros [|k ks] H; try discriminate; [reflexivity|]. cbn in *. rewrite IHKs by lia. f_equal. lia.
Qed.
Lemma sum_opposite Ks : forall f, SUM ks in box Ks, f (opposite Ks ks) = sum (box Ks) f.
Proof.
  induction Ks as [|K Ks IH]; intros f; [reflexivity|]. rewrite !sum_box. cbn [opposite].
  rewrite (sum_reverse K (fun k => SUM ks in box Ks, f (k :: opposite Ks ks))).
  apply sum_ext. intros k _. apply (IH (fun ks => f (k :: ks))).
Qed.

(** A sum over all channels is a sum over groups and over the channels of a group. *)
Lemma sum_split G q f : 0 <= G -> 0 <= q -> sum (range (G * q)) f = SUM g in range G, SUM o in range q, f (q * g + o).
Proof.
  intros HG Hq. revert G HG. apply natlike_ind; [reflexivity|]. intros G HG IH.
  rewrite Z.mul_succ_l, range_succ, range_add, !sum_app, IH, sum_map by lia. cbn [sum].
  rewrite (sum_ext _ (fun y => f (G * q + y)) (fun o => f (q * G + o))) by (intros; f_equal; lia). ring.
Qed.

(** ** 4. Zeros between the entries, zeros around them *)

(** Entry j moves to u*j; then to u*j + low, inside a buffer that is zero elsewhere (or cropped, where low < 0). *)
Definition dilate (u : Z) (x : Z -> R) (m : Z) : R := when (m mod u =? 0) (x (m / u)).
Definition pad (low n : Z) (x : Z -> R) (m : Z) : R := when ((0 <=? m - low) && (m - low <? n)) (x (m - low)).

(** An n-dimensional input, dilated and padded along every axis, read at position ms. *)
Fixpoint buffer (As : list axis) (x : tensor) (ms : list Z) : R :=
  match As, ms with
  | A :: As, m :: ms =>
      pad (low A) (span A) (dilate (input_dilation A) (fun j => buffer As (fun js => x (j :: js)) ms)) m
  | _, _ => x []
  end.

(** Where the window at output position i reads for tap k. *)
Fixpoint window (As : list axis) (is ks : list Z) : list Z :=
  match As, is, ks with
  | A :: As, i :: is, k :: ks => stride A * i + dilation A * k :: window As is ks
  | _, _, _ => []
  end.

(** The axis relation, on every axis. *)
Fixpoint meets (As : list axis) (is ks xs : list Z) : bool :=
  match As, is, ks, xs with
  | A :: As, i :: is, k :: ks, x :: xs =>
      (input_dilation A * x =? stride A * i + dilation A * k - low A) && meets As is ks xs
  | _, _, _, _ => true
  end.

(** Dilation and padding are nothing but [sift], written as an array. *)
Lemma sift_axis A m f : 1 <= input_dilation A ->
  SUM x in range (input_size A), when (input_dilation A * x =? m - low A) (f x)
  = pad (low A) (span A) (dilate (input_dilation A) f) m.
Proof.
  intros H. rewrite sift by assumption. unfold pad, dilate, span. rewrite <- when_and. f_equal.
  set (c := m - low A). pose proof (Z.div_mod c (input_dilation A) ltac:(lia)).
  destruct (Z.eqb_spec (c mod input_dilation A) 0); [|now rewrite andb_false_r].
  rewrite andb_true_r. cbn [andb]. f_equal; apply eq_true_iff_eq; rewrite ?Z.leb_le, ?Z.ltb_lt; nia.
Qed.
Lemma sift_axes As : Forall valid As -> forall is ks f, length is = length As -> length ks = length As ->
  SUM xs in box (map input_size As), when (meets As is ks xs) (f xs) = buffer As f (window As is ks).
Proof.
  induction 1 as [|A As (_ & _ & _ & _ & ? & _) _ IH]; intros [|i is] [|k ks] f Li Lk; try discriminate.
  - cbn. ring.
  - cbn [map buffer window]. rewrite <- sift_axis by assumption. rewrite sum_box. apply sum_ext. intros x _.
    rewrite <- IH by (cbn in *; lia). rewrite <- sum_when. apply sum_ext. intros xs _. cbn [meets]. apply when_and.
Qed.

(** ** 5. One trilinear form *)

Definition form (As : list axis) (D W A : tensor) : R :=
  SUM is in box (map output_size As), SUM ks in box (map kernel_size As), SUM xs in box (map input_size As),
    when (meets As is ks xs) (D is *! W ks *! A xs).

(** Solved for x: the correlation of the dilated and padded A with W. *)
Lemma form_solved As D W A : Forall valid As ->
  form As D W A = SUM is in box (map output_size As), (D is *!
    SUM ks in box (map kernel_size As), (W ks *! buffer As A (window As is ks))).
Proof.
  intros V. unfold form. apply sum_ext. intros is Hi%box_length. rewrite <- sum_mul. apply sum_ext.
  intros ks Hk%box_length. rewrite map_length in *. rewrite <- sift_axes by assumption.
  rewrite <- !sum_mul. apply sum_ext. intros xs _. rewrite <- !when_mul. f_equal. ring.
Qed.

(** The relation of a gradient is the relation of the layer with its three roles exchanged. *)
Lemma meets_input As : forall is ks xs,
  meets (map input_axis As) xs ks is = meets As is (opposite (map kernel_size As) ks) xs.
Proof.
  induction As as [|A As IH]; intros [|i is] [|k ks] [|x xs]; try reflexivity.
  cbn [map meets opposite]. rewrite IH. f_equal. cbn. lia.
Qed.
Lemma meets_weight As : forall is ks xs, meets (map weight_axis As) ks is xs = meets As is ks xs.
Proof.
  induction As as [|A As IH]; intros [|i is] [|k ks] [|x xs]; try reflexivity.
  cbn [map meets]. rewrite IH. f_equal. cbn. lia.
Qed.
Lemma input_outputs As : Forall valid As -> map output_size (map input_axis As) = map input_size As.
Proof. induction 1 as [|A As V _ IH]; [reflexivity|]. cbn [map]. rewrite IH. f_equal. now apply input_geometry. Qed.
Lemma weight_outputs As : Forall valid As -> map output_size (map weight_axis As) = map kernel_size As.
Proof. induction 1 as [|A As V _ IH]; [reflexivity|]. cbn [map]. rewrite IH. f_equal. now apply weight_geometry. Qed.

Lemma form_input As D W A : Forall valid As ->
  form (map input_axis As) A (fun ks => W (opposite (map kernel_size As) ks)) D = form As D W A.
Proof.
  intros V. unfold form. rewrite input_outputs, !map_map by assumption. cbn. symmetry.
  rewrite sum_swap, (sum_swap (box (map input_size As))), <- sum_opposite. apply sum_ext. intros ks _.
  rewrite sum_swap. apply sum_ext. intros xs _. apply sum_ext. intros is _. rewrite meets_input. f_equal. ring.
Qed.
Lemma form_weight As D W A : Forall valid As -> form (map weight_axis As) W D A = form As D W A.
Proof.
  intros V. unfold form. rewrite weight_outputs, !map_map by assumption. cbn.
  rewrite sum_swap. do 3 (apply sum_ext; intros ? _). rewrite meets_weight. f_equal. ring.
Qed.

(** ** 6. Layers with batch, groups and channels *)

(** [ins] and [outs] are the channels of one group: C/groups and M/groups. *)
Record conv := Conv { axes : list axis; batch : Z; groups : Z; ins : Z; outs : Z }.
Definition valid_conv l := Forall valid (axes l) /\ 0 <= batch l /\ 0 <= groups l /\ 0 <= ins l /\ 0 <= outs l.

Definition inputs l := map input_size (axes l).
Definition kernels l := map kernel_size (axes l).
Definition outputs l := map output_size (axes l).
Definition input_shape l := batch l :: groups l * ins l :: inputs l.
Definition output_shape l := batch l :: groups l * outs l :: outputs l.
Definition kernel_shape l := groups l * outs l :: ins l :: kernels l.

(** The weighted sum that DEFINES a layer: over the channels of the group and the axis relation. *)
Definition weighted (l : conv) (a w : tensor) : tensor := fun e =>
  match e with
  | n :: o :: is => SUM c in range (ins l), SUM ks in box (kernels l), SUM xs in box (inputs l),
      when (meets (axes l) is ks xs) (w (o :: c :: ks) *! a (n :: ins l * (o / outs l) + c :: xs))
  | _ => zero R
  end.

(** The correlation that programs compute: x dilated and padded, windows times kernel. *)
Definition correlate (l : conv) (x w : tensor) : tensor := fun e =>
  match e with
  | n :: o :: is => SUM c in range (ins l), SUM ks in box (kernels l),
      (w (o :: c :: ks) *! buffer (axes l) (fun xs => x (n :: ins l * (o / outs l) + c :: xs)) (window (axes l) is ks))
  | _ => zero R
  end.

Theorem weighted_is_correlate l a w e : valid_conv l -> In e (box (output_shape l)) ->
  weighted l a w e = correlate l a w e.
Proof.
  intros [V _] (n & e' & -> & _ & (o & is & -> & _ & Hi%box_length)%in_box)%in_box. cbn.
  apply sum_ext. intros c _. apply sum_ext. intros ks Hk%box_length. unfold outputs, kernels in *.
  rewrite map_length in *. rewrite <- sift_axes, <- sum_mul by assumption. apply sum_ext. intros. apply when_mul.
Qed.

(** <f, g>: the sum of all products of entries; "g is the gradient" is a statement about <g, h> for all changes h. *)
Definition dot (shape : list Z) (f g : tensor) : R := SUM e in box shape, (f e *! g e).
Definition plus (f g : tensor) : tensor := fun e => f e +! g e.

Lemma dot_sym shape f g : dot shape f g = dot shape g f.
Proof. apply sum_ext. intros. ring. Qed.
Lemma dot_ext shape f g g' : (forall e, In e (box shape) -> g e = g' e) -> dot shape f g = dot shape f g'.
Proof. intros H. apply sum_ext. intros. now rewrite H. Qed.
Lemma dot_plus shape f g h : dot shape f (plus g h) = dot shape f g +! dot shape f h.
Proof. unfold dot. rewrite <- sum_add. apply sum_ext. intros. unfold plus. ring. Qed.

(** The trilinear form of the whole layer. *)
Definition T (l : conv) (delta w a : tensor) : R :=
  SUM n in range (batch l), SUM g in range (groups l), SUM o in range (outs l), SUM c in range (ins l),
    form (axes l) (fun is => delta (n :: outs l * g + o :: is)) (fun ks => w (outs l * g + o :: c :: ks))
                  (fun xs => a (n :: ins l * g + c :: xs)).

(** First partial derivative: <delta, the layer> = T. *)
Lemma T_forward l delta w a : valid_conv l -> dot (output_shape l) delta (correlate l a w) = T l delta w a.
Proof.
  intros (V & ? & ? & ? & ?). unfold dot, output_shape, T. rewrite sum_box. apply sum_ext. intros n _.
  rewrite sum_box, sum_split by assumption. apply sum_ext. intros g _. apply sum_ext. intros o Ho%in_range.
  cbn [correlate]. rewrite quotient by assumption.
  rewrite (sum_ext (range (ins l)) _ _ (fun c _ => form_solved _ _ _ _ V)).
  rewrite sum_swap. apply sum_ext. intros is _. now rewrite sum_mul.
Qed.

(** The layers whose correlations are the gradients. For dE/da input and output channels are exchanged; for dE/dw the
    batch is what is summed over: a is read as (C/g, g*N, *L), delta as (M, N, *O), the result (C/g, M, *K) as dE/dw. *)
Definition input_conv (l : conv) : conv := {|
  axes := map input_axis (axes l); batch := batch l; groups := groups l; ins := outs l; outs := ins l |}.
Definition weight_conv (l : conv) : conv := {|
  axes := map weight_axis (axes l); batch := ins l; groups := groups l; ins := batch l; outs := outs l |}.

Theorem input_conv_valid l : valid_conv l ->
  valid_conv (input_conv l) /\ output_shape (input_conv l) = input_shape l.
Proof.
  intros (V & ? & ? & ? & ?). unfold output_shape, outputs. cbn. rewrite input_outputs by assumption.
  repeat split; try assumption. eapply Forall_map, Forall_impl, V. apply input_geometry.
Qed.
Theorem weight_conv_valid l : valid_conv l ->
  valid_conv (weight_conv l) /\ output_shape (weight_conv l) = ins l :: groups l * outs l :: kernels l.
Proof.
  intros (V & ? & ? & ? & ?). unfold output_shape, outputs. cbn. rewrite weight_outputs by assumption.
  repeat split; try assumption. eapply Forall_map, Forall_impl, V. apply weight_geometry.
Qed.

(** Rearrangements of tensors. [exchange A B] exchanges the channels of a kernel within each group: (g*A, B, ...)
    becomes (g*B, A, ...). *)
Definition rotate (Ks : list Z) (w : tensor) : tensor := fun e =>
  match e with o :: c :: ks => w (o :: c :: opposite Ks ks) | _ => w e end.
Definition exchange (A B : Z) (w : tensor) : tensor := fun e =>
  match e with c :: o :: ks => w (A * (c / B) + o :: c mod B :: ks) | _ => w e end.
Definition transpose (x : tensor) : tensor := fun e =>
  match e with i :: j :: e => x (j :: i :: e) | _ => x e end.
Definition channels_first l (a : tensor) : tensor := fun e =>
  match e with c :: gn :: xs => a (gn mod batch l :: ins l * (gn / batch l) + c :: xs) | _ => a e end.

(** v is the kernel w, rotated, with channels exchanged within each group. *)
Definition turned l (w v : tensor) : Prop := forall g o c ks,
  0 <= o < outs l -> 0 <= c < ins l -> In ks (box (kernels l)) ->
  v (ins l * g + c :: o :: ks) = w (outs l * g + o :: c :: opposite (kernels l) ks).

(** Second and third partial derivative: the forward lemma again, for the gradient's layer. *)
Lemma T_input l delta w v a : valid_conv l -> turned l w v ->
  dot (input_shape l) (correlate (input_conv l) delta v) a = T l delta w a.
Proof.
  intros V turn. pose proof (input_conv_valid l V) as [V' S]. rewrite <- S, dot_sym, T_forward by assumption.
  unfold T. cbn [input_conv batch groups ins outs axes].
  apply sum_ext. intros n _. apply sum_ext. intros g _. rewrite sum_swap.
  apply sum_ext. intros o Ho%in_range. apply sum_ext. intros c Hc%in_range.
  rewrite <- (form_input (axes l) _ (fun ks => w (outs l * g + o :: c :: ks))) by apply V.
  unfold form. rewrite !map_map. apply sum_ext. intros xs _. apply sum_ext. intros ks Hk. apply sum_ext. intros is _.
  rewrite turn; auto.
Qed.
Lemma T_weight l delta w a : valid_conv l ->
  dot (kernel_shape l) (transpose (correlate (weight_conv l) (channels_first l a) (transpose delta))) w = T l delta w a.
Proof.
  intros V. pose proof (weight_conv_valid l V) as [V' S].
  transitivity (dot (output_shape (weight_conv l)) (transpose w)
     (correlate (weight_conv l) (channels_first l a) (transpose delta))).
  - rewrite S. unfold dot, kernel_shape. rewrite !sum_box.
    rewrite (sum_ext (range (groups l * outs l)) _ _ (fun o _ => sum_box _ _ _)), sum_swap.
    apply sum_ext. intros c _. rewrite sum_box. do 2 (apply sum_ext; intros ? _). cbn. ring.
  - rewrite T_forward by assumption. unfold T.
    cbn [weight_conv batch groups ins outs axes transpose channels_first].
    rewrite sum_swap, (sum_swap (range (batch l))). apply sum_ext. intros g _.
    rewrite sum_swap, (sum_swap (range (batch l))). apply sum_ext. intros o _.
    rewrite sum_swap. apply sum_ext. intros n Hn%in_range. apply sum_ext. intros c _.
    rewrite quotient, residue by assumption. apply form_weight, V.
Qed.

(** A kernel that is rearranged on the way in has its gradient rearranged back on the way out. *)
Lemma rotate_adjoint p q Ks f g : dot (p :: q :: Ks) f (rotate Ks g) = dot (p :: q :: Ks) (rotate Ks f) g.
Proof.
  unfold dot. rewrite !sum_box. apply sum_ext. intros o _. rewrite !sum_box. apply sum_ext. intros c _.
  rewrite <- sum_opposite. apply sum_ext. intros ks H%box_length. cbn. now rewrite opposite_opposite.
Qed.
Lemma exchange_adjoint G A B Ks f g : 0 <= G -> 0 <= A -> 0 <= B ->
  dot (G * A :: B :: Ks) f (exchange B A g) = dot (G * B :: A :: Ks) (exchange A B f) g.
Proof.
  intros. unfold dot. rewrite !sum_box, !sum_split by assumption. apply sum_ext. intros k _.
  transitivity (SUM o in range A, SUM c in range B, SUM ks in box Ks,
    (f (A * k + o :: c :: ks) *! g (B * k + c :: o :: ks))); [|rewrite sum_swap].
  all: apply sum_ext; intros ? ?%in_range; rewrite sum_box; apply sum_ext; intros ? _; cbn.
  all: now rewrite quotient, residue by assumption.
Qed.

Lemma weighted_plus_input l a h w e : weighted l (plus a h) w e = weighted l a w e +! weighted l h w e.
Proof.
  destruct e as [|n [|o is]]; cbn; try ring. unfold plus. do 3 (rewrite <- sum_add; apply sum_ext; intros ? _).
  rewrite <- when_add. f_equal. ring.
Qed.
Lemma weighted_plus_kernel l a w h e : weighted l a (plus w h) e = weighted l a w e +! weighted l a h e.
Proof.
  destruct e as [|n [|o is]]; cbn; try ring. unfold plus. do 3 (rewrite <- sum_add; apply sum_ext; intros ? _).
  rewrite <- when_add. f_equal. ring.
Qed.

(** ** 7. The theorem *)

Section Layer.
(** [flip]: the layer convolves in the sense of mathematics, with the kernel rotated. [io]: w has shape
    (C, M/groups, *K), as in PyTorch's ConvTranspose, instead of (M, C/groups, *K). *)
Variables (flip io : bool) (l : conv).
Hypothesis V : valid_conv l.

Definition weight_shape := if io then groups l * ins l :: outs l :: kernels l else kernel_shape l.
Definition bias_shape := [groups l * outs l].
Definition plain (w : tensor) : tensor :=
  let w := if io then exchange (ins l) (outs l) w else w in if flip then rotate (kernels l) w else w.
Definition broadcast (b : tensor) : tensor := fun e => match e with _ :: o :: _ => b [o] | _ => zero R end.

(** The layer: z = weighted sum of a + b. *)
Definition z (w b a : tensor) : tensor := plus (weighted l a (plain w)) (broadcast b).

(** The closed forms of the gradients: the kernel for dE/da, how the result for dE/dw is read, and the three. *)
Definition turn (w : tensor) : tensor :=
  let w := if io then w else exchange (outs l) (ins l) w in if flip then w else rotate (kernels l) w.
Definition laid_out (g : tensor) : tensor :=
  let g := if io then exchange (outs l) (ins l) (transpose g) else transpose g in
  if flip then rotate (kernels l) g else g.
Definition dE_da (delta w : tensor) : tensor := correlate (input_conv l) delta (turn w).
Definition dE_dw (delta a : tensor) : tensor :=
  laid_out (correlate (weight_conv l) (channels_first l a) (transpose delta)).
Definition dE_db (delta : tensor) : tensor := fun e =>
  match e with [o] => SUM n in range (batch l), SUM is in box (outputs l), delta (n :: o :: is) | _ => zero R end.

Theorem z_closed_form w b a e : In e (box (output_shape l)) ->
  z w b a e = plus (correlate l a (plain w)) (broadcast b) e.
Proof. intros. unfold z, plus. now rewrite weighted_is_correlate. Qed.

(** delta, carried back through the layer: <delta, change of z> = <gradient, change of a, w or b>. *)
Lemma through delta w a : dot (output_shape l) delta (weighted l a (plain w)) = T l delta (plain w) a.
Proof. rewrite <- T_forward by assumption. apply dot_ext. intros. now apply weighted_is_correlate. Qed.
Lemma through_a delta w h :
  dot (output_shape l) delta (weighted l h (plain w)) = dot (input_shape l) (dE_da delta w) h.
Proof.
  rewrite through. symmetry. apply T_input; [assumption|]. intros g o c ks Ho Hc Hk%box_length. unfold plain, turn.
  destruct io, flip; cbn; now rewrite ?opposite_opposite, ?quotient, ?residue.
Qed.
Lemma through_w delta a h :
  dot (output_shape l) delta (weighted l a (plain h)) = dot weight_shape (dE_dw delta a) h.
Proof.
  rewrite through, <- T_weight by assumption. destruct V as (_ & _ & ? & ? & ?).
  unfold dE_dw, laid_out, weight_shape, plain, kernel_shape.
  destruct io, flip; rewrite ?rotate_adjoint, ?exchange_adjoint by assumption; try reflexivity.
  rewrite 2(dot_sym _ _ h). apply dot_ext. now intros [|? [|? ?]].
Qed.
Lemma through_b delta h : dot (output_shape l) delta (broadcast h) = dot bias_shape (dE_db delta) h.
Proof.
  unfold dot, output_shape, bias_shape. rewrite !sum_box, (sum_ext (range (batch l)) _ _ (fun n _ => sum_box _ _ _)).
  rewrite sum_swap. apply sum_ext. intros o _. cbn.
  transitivity (h [o] *! SUM n in range (batch l), SUM is in box (outputs l), delta (n :: o :: is)); [|ring].
  rewrite <- sum_mul. apply sum_ext. intros n _. rewrite <- sum_mul. apply sum_ext. intros. ring.
Qed.
Lemma plain_plus a w h e : weighted l a (plain (plus w h)) e = weighted l a (plus (plain w) (plain h)) e.
Proof. destruct e as [|? [|? ?]]; try reflexivity. unfold plain. destruct io, flip; reflexivity. Qed.

(** Let E be ANY function of tensors with the first-order expansion E(x + h) = E(x) + <g, h> + rest(h) at x. Over the
    reals, "g is the gradient of E at x" says that there is one with rest(h) = o(h). *)
Definition expansion (shape : list Z) (E : tensor -> R) (x g : tensor) (rest : tensor -> R) : Prop :=
  forall h, E (plus x h) = E x +! dot shape g h +! rest h.
Definition extensional (E : tensor -> R) : Prop := forall f g, (forall e, f e = g e) -> E f = E g.

(** The chain rule, exactly. If delta expands E at z, the closed forms expand E as a function of a, w and b. The new
    rest is the old one at the change of z, which is linear in h, so it is o(h) when the old one is. *)
Section ChainRule.
Variables (E : tensor -> R) (w b a delta : tensor) (rest : tensor -> R).
Hypothesis E_ext : extensional E.
Hypothesis delta_is_dE_dz : expansion (output_shape l) E (z w b a) delta rest.

Theorem input_gradient :
  expansion (input_shape l) (fun a => E (z w b a)) a (dE_da delta w) (fun h => rest (weighted l h (plain w))).
Proof.
  intros h. rewrite <- through_a, <- delta_is_dE_dz. apply E_ext. intros e.
  unfold z, plus at 1 3 4. rewrite weighted_plus_input. ring.
Qed.
Theorem weight_gradient :
  expansion weight_shape (fun w => E (z w b a)) w (dE_dw delta a) (fun h => rest (weighted l a (plain h))).
Proof.
  intros h. rewrite <- through_w, <- delta_is_dE_dz. apply E_ext. intros e.
  unfold z, plus at 1 3 4. rewrite plain_plus, weighted_plus_kernel. ring.
Qed.
Theorem bias_gradient :
  expansion bias_shape (fun b => E (z w b a)) b (dE_db delta) (fun h => rest (broadcast h)).
Proof.
  intros h. rewrite <- through_b, <- delta_is_dE_dz. apply E_ext. intros e.
  unfold z, plus. destruct e as [|? [|? ?]]; cbn; ring.
Qed.
End ChainRule.

(** In particular for the error E = <delta, z>, which has no rest: an exact equation. *)
Lemma linear shape delta x : expansion shape (dot shape delta) x delta (fun _ => zero R).
Proof. intros h. rewrite dot_plus. ring. Qed.
Lemma dot_extensional shape delta : extensional (dot shape delta).
Proof. intros f g H. apply dot_ext. auto. Qed.

Corollary input_gradient_exact delta w b a h :
  dot (output_shape l) delta (z w b (plus a h)) -! dot (output_shape l) delta (z w b a)
  = dot (input_shape l) (dE_da delta w) h.
Proof. rewrite (input_gradient _ w b a delta _ (dot_extensional _ _) (linear _ _ _) h). ring. Qed.
Corollary weight_gradient_exact delta w b a h :
  dot (output_shape l) delta (z (plus w h) b a) -! dot (output_shape l) delta (z w b a)
  = dot weight_shape (dE_dw delta a) h.
Proof. rewrite (weight_gradient _ w b a delta _ (dot_extensional _ _) (linear _ _ _) h). ring. Qed.
Corollary bias_gradient_exact delta w b a h :
  dot (output_shape l) delta (z w (plus b h) a) -! dot (output_shape l) delta (z w b a)
  = dot bias_shape (dE_db delta) h.
Proof. rewrite (bias_gradient _ w b a delta _ (dot_extensional _ _) (linear _ _ _) h). ring. Qed.
End Layer.

(** ** 8. Uniqueness: there is no other gradient *)

Fixpoint same_index (e f : list Z) : bool :=
  match e, f with i :: e, j :: f => (i =? j) && same_index e f | [], [] => true | _, _ => false end.
Lemma dot_pick shape : forall f g, In f (box shape) -> dot shape g (fun e => when (same_index e f) (one R)) = g f.
Proof.
  induction shape as [|n shape IH]; intros f g Hf.
  - destruct Hf as [<- | []]. cbn. ring.
  - apply in_box in Hf as (j & f' & -> & Hj & Hf'). unfold dot. rewrite sum_box.
    rewrite <- (IH f' (fun e => g (j :: e)) Hf').
    rewrite <- (sum_pick n j (fun i => dot shape (fun e => g (i :: e)) (fun e => when (same_index e f') (one R))) Hj).
    apply sum_ext. intros i _. unfold dot. rewrite <- sum_when. apply sum_ext. intros e _. cbn.
    now rewrite when_and, when_mul.
Qed.
Theorem dot_unique shape f g : (forall h, dot shape f h = dot shape g h) -> forall e, In e (box shape) -> f e = g e.
Proof. intros H e He. rewrite <- (dot_pick shape e f He), H. now apply dot_pick. Qed.

Theorem gradient_unique shape E x rest f g : expansion shape E x f rest -> expansion shape E x g rest ->
  forall e, In e (box shape) -> f e = g e.
Proof.
  intros Hf Hg. apply dot_unique. intros h. specialize (Hf h). rewrite (Hg h) in Hf.
  transitivity ((E x +! dot shape f h +! rest h) -! E x -! rest h); [ring|]. rewrite <- Hf. ring.
Qed.

(** ** 9. Polynomials written out: a correlation without its zeros, for a computer to list *)

Fixpoint source (As : list axis) (ms : list Z) : option (list Z) :=
  match As, ms with
  | A :: As, m :: ms =>
      let c := m - low A in
      if (0 <=? c) && (c <? span A) && (c mod input_dilation A =? 0)
      then option_map (cons (c / input_dilation A)) (source As ms) else None
  | _, _ => Some []
  end.
Definition products (l : conv) (e : list Z) : list (list Z * list Z) :=
  match e with
  | n :: o :: is => flat_map (fun c => flat_map (fun ks =>
      match source (axes l) (window (axes l) is ks) with
      | Some xs => [(o :: c :: ks, n :: ins l * (o / outs l) + c :: xs)]
      | None => []
      end) (box (kernels l))) (range (ins l))
  | _ => []
  end.
Definition total (vs : list R) : R := match vs with [] => zero R | v :: vs => fold_left (add R) vs v end.
Definition written (l : conv) (x w : tensor) : tensor := fun e =>
  total (map (fun p => w (fst p) *! x (snd p)) (products l e)).
Definition entries (shape : list Z) (g : tensor) : list (list Z * R) := map (fun e => (e, g e)) (box shape).

Lemma buffer_source As : forall x ms, buffer As x ms = match source As ms with Some xs => x xs | None => zero R end.
Proof.
  induction As as [|A As IH]; intros x [|m ms]; try reflexivity. cbn [buffer source]. unfold pad, dilate, when.
  destruct (_ && (_ <? span A)); [|reflexivity]. cbn. destruct (_ =? _); [|reflexivity].
  rewrite IH. now destruct (source As ms).
Qed.
Lemma total_sum {X} (l : list X) f : total (map f l) = sum l f.
Proof.
  destruct l as [|x l]; [reflexivity|]. cbn. generalize (f x).
  induction l as [|y l IH]; intros v; cbn; [|rewrite IH]; ring.
Qed.
Lemma correlate_written l x w e : correlate l x w e = written l x w e.
Proof.
  unfold written. rewrite total_sum. destruct e as [|n [|o is]]; try reflexivity. cbn.
  rewrite sum_flat_map. apply sum_ext. intros c _. rewrite sum_flat_map. apply sum_ext. intros ks _.
  rewrite buffer_source. destruct (source _ _); cbn; ring.
Qed.

Theorem z_written flip io l w b a : valid_conv l -> entries (output_shape l) (z flip io l w b a)
  = entries (output_shape l) (plus (written l a (plain flip io l w)) (broadcast b)).
Proof.
  intros V. apply map_ext_in. intros e He. rewrite z_closed_form by assumption. unfold plus.
  now rewrite correlate_written.
Qed.
Theorem dE_da_written flip io l delta w shape :
  entries shape (dE_da flip io l delta w) = entries shape (written (input_conv l) delta (turn flip io l w)).
Proof. apply map_ext. intros e. unfold dE_da. now rewrite correlate_written. Qed.
Theorem dE_dw_written flip io l delta a shape : entries shape (dE_dw flip io l delta a)
  = entries shape (laid_out flip io l (written (weight_conv l) (channels_first l a) (transpose delta))).
Proof.
  apply map_ext. intros e. unfold dE_dw, laid_out, transpose, exchange, rotate.
  destruct io, flip, e as [|? [|? ?]]; now rewrite correlate_written.
Qed.
Theorem dE_db_written l delta shape : entries shape (dE_db l delta) = entries shape (fun e => match e with
  | [o] => total (flat_map (fun n => map (fun is => delta (n :: o :: is)) (box (outputs l))) (range (batch l)))
  | _ => zero R end).
Proof.
  apply map_ext. intros [|o [|? ?]]; try reflexivity. cbn. rewrite <- (map_id (flat_map _ _)), total_sum, sum_flat_map.
  f_equal. apply sum_ext. intros n _. symmetry. apply (sum_map _ _ (fun v => v)).
Qed.
End Theory.

(** ** 10. Instances *)

Definition integers : ring := Ring Z 0 1 Z.add Z.mul Z.sub Z.opp Zth.
Definition rationals : ring := let number n := Qcanon.Q2Qc (QArith_base.inject_Z n) in
  Ring Qcanon.Qc (number 0) (number 1) Qcanon.Qcplus Qcanon.Qcmult Qcanon.Qcminus Qcanon.Qcopp Qcanon.Qcrt.
