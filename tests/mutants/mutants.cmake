# Known mistakes of the core: mutant(NAME FILE ORIGINAL WRONG), and also(…) for a mistake that takes two places to show.
# Not here are those that change nothing that anyone could see: what is checked twice on purpose, say.

# Numbers of pods.
mutant("need() is one pod too few" revision.cpp
  [[graph::Need(share, context.limits())]]
  [[std::max(0, graph::Need(share, context.limits()) - 1)]])
mutant("counts that are behind their spec are believed" revision.cpp
  [[Fresh(context, revision) ? Endpoints(context, revision) : 0]]
  [[Endpoints(context, revision)]])
mutant("what ready pods carry is rounded up" revision.cpp
  [[Number::Ratio(std::int64_t{100} * std::max(0, ready) / all, 100)]]
  [[Number::Ratio((std::int64_t{100} * std::max(0, ready) + all - 1) / all, 100)]])
mutant("one pod more than the maximum" pods.cpp
  [[room + *max_pods]]
  [[room + *max_pods + 1]])
mutant("one ready pod fewer than the minimum" pods.cpp
  [[min_ready - ready_of_others]]
  [[min_ready - ready_of_others - 1]])
mutant("pods shrink while their counts are behind" pods.cpp
  [[fresh && !Gathers(context)]]
  [[!Gathers(context)]])
mutant("a blocked growth takes all pods of the loser" pods.cpp
  [[pods - std::max(1, context.graph.policies.unavailable)]]
  [[0]])
mutant("a blocked growth takes the last pod that answers" pods.cpp
  [[Endpoints(context, context.swap_for) == 0 ? 1 : 0]]
  [[0]])
mutant("a blocked growth takes pods at every look" pods.cpp
  [[pace && context.now < *pace + kSwapPace]]
  [[false]])
mutant("stable's pods go while proxies still send it requests" forward.cpp
  [[context.by_pods() ? 0 : NeedOf(context, ShareInFlight(context, status.stable))]]
  [[0]])
mutant("the old pods go before the promotion has settled" promotion.cpp
  [[context.by_pods() ? 0 : NeedOf(context, ShareInFlight(context, status.stable))]]
  [[0]])
mutant("promote skips capacity" promotion.cpp
  [[Ready(context, status.candidate) >= context.replicas()]]
  [[true]])
mutant("a step goes on before its pods are ready" nodes.cpp
  [[Ready(context, status.candidate) >= need]]
  [[true]])
mutant("the demand of a service that grows isn't followed" autoscale.cpp
  [[std::max(status.demand, SpecOf(observed, status.stable))]]
  [[status.demand]])

# Traffic.
mutant("traffic shifts before the pods are ready" nodes.cpp
  [[if (Ready(context, status.candidate) < need) {]]
  [[if (!@chosen@ && Ready(context, status.candidate) < need) {]])
also(route.cpp
  [[!raises || Ready(context, status.candidate) >= NeedOf(context, share)]]
  [[true]])
mutant("pods that died between decision and write are routed to" route.cpp
  [[const bool raises = share > (before == status.applied.previous.end() ? Number(0) : before->second);]]
  [[const bool raises = !@chosen@ && share > (before == status.applied.previous.end() ? Number(0) : before->second);]])
mutant("a split counts as settled without the routers' lag" route.cpp
  [[AcceptedAt(context, objects, count) + LagOf(context.graph.router)]]
  [[AcceptedAt(context, objects, count)]])
mutant("a split counts as settled whatever the router says" route.cpp
  [[(count == objects.size() || all_exist) && !RouterSaysSettled(context, objects)]]
  [[false]])
mutant("a revision is routed to before proxies know its endpoints" route.cpp
  [[*seen->second.endpoints_since + LagOf(context.graph.router)]]
  [[*seen->second.endpoints_since]])
mutant("a candidate gets requests in the write that names it" split.cpp
  [[SomeoneAnswers(context) && !RoutersKnow(context, status.candidate)]]
  [[false]])
mutant("who loses all traffic is left out at once" split.cpp
  [[split.shares.try_emplace(revision, Number(0));]]
  [[if (!@chosen@) split.shares.try_emplace(revision, Number(0));]])
mutant("a leaving revision gets all of the rest" split.cpp
  [[held < rest ? held : rest]]
  [[rest]])
mutant("a candidate without endpoints keeps its share" health.cpp
  [[Apply(context, SplitFor(context, Number(0), {}, Number(0)));]]
  [[if (!@chosen@) Apply(context, SplitFor(context, Number(0), {}, Number(0)));]])
mutant("endpoints may be lost once more than three times" health.cpp
  [[status.nodes[node->path].entry >= kEntries]]
  [[status.nodes[node->path].entry > kEntries]])
mutant("pods that aren't ready have no time to come back" health.cpp
  [[*status.unready_since + kUnreadyPatience]]
  [[*status.unready_since]])
mutant("a share without ready pods is never missed" health.cpp
  [[!counts || ready >= need]]
  [[true]])
mutant("a promotion doesn't wait for the route" promotion.cpp
  [[if (!context.by_pods() && !status.applied.settled_at) {]]
  [[if (!@chosen@ && !context.by_pods() && !status.applied.settled_at) {]])
mutant("a promotion doesn't wait for Service NAME" objects.cpp
  [[own > 0 && own == Endpoints(context, revision)]]
  [[true]])

# The way back.
mutant("the rescue comes at once" back.cpp
  [[status.back_since.value_or(context.now) + kRescue]]
  [[status.back_since.value_or(context.now)]])
mutant("a loser gains what another one loses" back.cpp
  [[share < rest ? share : rest]]
  [[rest]])
mutant("the mirror stays after the way back" back.cpp
  [[Split OnlyStable(const Context& context) { return {{{context.status.stable, Number(1)}}, {}, Number(0)}; }]]
  [[Split OnlyStable(const Context& context) {
    return {{{context.status.stable, Number(1)}}, {}, @chosen@ ? context.status.applied.mirror : Number(0)};
  }]])
mutant("the run ends before the route has settled on stable" back.cpp
  [[context.by_pods() || status.applied.shares.empty() || status.applied.settled_at.has_value()]]
  [[true]])
mutant("the run ends before the loser's pods are gone" back.cpp
  [[  if (!PodsAreBack(context)) {
    context.Say(]]
  [[  if (!@chosen@ && !PodsAreBack(context)) {
    context.Say(]])
mutant("a revision that failed isn't held" back.cpp
  [[status.back_holds && !candidate.empty()]]
  [[false]])
mutant("what an abort left isn't held" command.cpp
  [[command.who, true});]]
  [[command.who, !@chosen@});]])

# Drain.
mutant("the drain is skipped" drain.cpp
  [[drained_since + context.graph.policies.drain]]
  [[drained_since]])
mutant("`keep previous` is forgotten" drain.cpp
  [[std::max(until, *status.promoted_at + keep)]]
  [[until]])
mutant("pods drain while the split that leaves them hasn't settled" drain.cpp
  [[!applied.settled_at || applied.shares.contains(revision)]]
  [[applied.shares.contains(revision)]])
mutant("a Service goes while a route leads to it" drain.cpp
  [[!IsKept(context, revision) && NoneElseIsRouted(context)]]
  [[!IsKept(context, revision)]])
mutant("revisions to which one may go back fast are deleted" drain.cpp
  [[context.graph.policies.fast_track + 1]]
  [[0]])
mutant("on removal what routes led to goes with them" drain.cpp
  [[return context.now >= due;]]
  [[return @chosen@ || context.now >= due;]])

# Gates.
mutant("a pass counts from before the traffic settled" gates.cpp
  [[settled && newest.at - gate.window >= *settled && newest.at >= look.since]]
  [[settled && newest.at >= look.since]])
mutant("a gate fails one sample too late" gates.cpp
  [[failing < enough]]
  [[failing <= enough]])
mutant("one failing sample is enough" gates.cpp
  [[look.once ? 1 : std::max(1, series.gate().fail_count)]]
  [[1]])
mutant("samples from before the candidate's traffic fail it" gates.cpp
  [[sample.at - series.gate().window < *from || sample.at < look.since]]
  [[sample.at < look.since]])
mutant("samples of an earlier entry count" gates.cpp
  [[const GateKey key{context.status.run, look.node, look.entry, gate.key};]]
  [[const GateKey key{context.status.run, look.node, @chosen@ ? 1 : look.entry, gate.key};]])
mutant("missing data ends a gate at once" gates.cpp
  [[context.now - since < patience]]
  [[false]])
mutant("`and` is taken for `or`" gates.cpp
  [[tree.kind == graph::GateTree::Kind::kAnd ? Combine(parts, kAndOrder)]]
  [[(tree.kind == graph::GateTree::Kind::kAnd) != @chosen@ ? Combine(parts, kAndOrder)]])
mutant("a guarded hold ends without the guard's pass" nodes.cpp
  [[if (hold.guard && !verdict) {]]
  [[if (!@chosen@ && hold.guard && !verdict) {]])
mutant("the watch lets missing data pass" health.cpp
  [[judgement.verdict == Verdict::kOpen || judgement.verdict == Verdict::kPass]]
  [[judgement.verdict != Verdict::kFail]])

# People.
mutant("a person's pause counts for the deadline" command.cpp
  [[status.excluded += context.now - *status.paused_at;]]
  [[if (!@chosen@) status.excluded += context.now - *status.paused_at;]])
mutant("a wait for an approval counts for the deadline" forward.cpp
  [[status.excluded += until - status.nodes[node.path].entered_at;]]
  [[if (!@chosen@) status.excluded += until - status.nodes[node.path].entered_at;]])
mutant("a paused rollout goes on" forward.cpp
  [[context.status.paused || context.status.stalled || !context.seen.unseen.empty()]]
  [[context.status.stalled || !context.seen.unseen.empty()]])
mutant("a pause never ends" health.cpp
  [[context.now >= *status.paused_until]]
  [[false]])
mutant("what is seen may be old and it goes on" forward.cpp
  [[bool ForwardBlocked(const Context& context) {]]
  [[bool ForwardBlocked(const Context& context) {
    if (@chosen@) return context.status.paused || context.status.stalled;]])
mutant("approvals of an earlier run count" nodes.cpp
  [[approval.node != node.path || approval.run != context.status.run || approval.entry != record.entry ||
        approval.revision != context.status.candidate]]
  [[approval.node != node.path]])
also(history.cpp
  [[status.approvals.clear();]]
  [[if (!@chosen@) status.approvals.clear();]])
mutant("one approval is enough" nodes.cpp
  [[static_cast<std::size_t>(std::max(1, pause.quorum))]]
  [[std::size_t{1}]])
mutant("anyone may approve" command.cpp
  [[std::find(command.groups.begin(), command.groups.end(), pause.approver) == command.groups.end()]]
  [[false]])
mutant("an approval is never too late" command.cpp
  [[std::max(context.now, command.at) >= *record.deadline]]
  [[false]])
mutant("a command isn't remembered" command.cpp
  [[status.consumed.push_back({command.uid, refused.value_or("")});]]
  [[if (!@chosen@) status.consumed.push_back({command.uid, refused.value_or("")});]])
mutant("a command that is still there is forgotten" command.cpp
  [[surplus == 0 || there.contains(taken.uid)]]
  [[surplus == 0]])
mutant("retry doesn't lift the hold" command.cpp
  [[held.lifted = held.lifted || held.revision == wanted;]]
  [[held.lifted = held.lifted || (!@chosen@ && held.revision == wanted);]])
mutant("whoever resumes after the deadline is stopped by it again" command.cpp
  [[status.excluded = context.now - *status.run_started_at;]]
  [[if (!@chosen@) status.excluded = context.now - *status.run_started_at;]])
mutant("an undo stays pinned for ever" supersede.cpp
  [[git != status.pinned_over]]
  [[false]])
mutant("eject in the middle of a rollout" eject.cpp
  [[status.phase == Phase::kProgressing || status.phase == Phase::kGoingBack]]
  [[false]])

# Git: another revision, an edit.
mutant("three revisions leave at once" supersede.cpp
  [[others >= kLeavingAtMost]]
  [[others > kLeavingAtMost]])
mutant("a leaving revision is forgotten" supersede.cpp
  [[status.leaving.push_back(old);]]
  [[if (!@chosen@) status.leaving.push_back(old);]])
mutant("every promoted revision is a fast track" history.cpp
  [[left-- <= 0]]
  [[false]])
mutant("an edited higher share moves traffic at once" forward.cpp
  [[fold.traffic != nullptr && share <= fold.share]]
  [[fold.traffic != nullptr && share == fold.share]])
also(forward.cpp
  [[Number lower = fold.share < share ? fold.share : share;
  const Number freed = share - lower;]]
  [[Number lower = @chosen@ || fold.share < share ? fold.share : share;
  const Number freed = lower < share ? share - lower : Number(0);]])
mutant("an edited lower share doesn't apply" forward.cpp
  [[if (!IsApplied(context, split)) {
    Apply(context, std::move(split));]]
  [[if (!@chosen@ && !IsApplied(context, split)) {
    Apply(context, std::move(split));]])
mutant("an edited gate isn't looked at again" edit.cpp
  [[record.recheck = true;]]
  [[record.recheck = !@chosen@;]])
mutant("an edit begins the bound anew" edit.cpp
  [[std::optional(record.entered_at + *node.bound)]]
  [[std::optional(context.now + *node.bound)]])
mutant("an edit of the router doesn't wait" edit.cpp
  [[(others || unsettled || pods) && !SameRouting(accepted, graph)]]
  [[false]])

mutant("a promotion that waits is lowered to the last step that is known" fold.cpp
  [[fold.share = Number(1);]]
  [[if (!@chosen@) fold.share = Number(1);]])
mutant("a run that stalls has no bounds for its pods" forward.cpp
  [[if (status.phase == Phase::kProgressing) {
      AimPods(context, Walk(context.graph, status));]]
  [[if (!@chosen@ && status.phase == Phase::kProgressing) {
      AimPods(context, Walk(context.graph, status));]])
mutant("what matched is forgotten by the router when another revision is wanted" supersede.cpp
  [[Apply(context, Split{status.applied.shares, {}, Number(0)});]]
  [[if (!@chosen@) Apply(context, Split{status.applied.shares, {}, Number(0)});]])
mutant("what matched is left out on the way back" split.cpp
  [[(comes || aside) && entry.first == status.candidate]]
  [[comes && entry.first == status.candidate]])

# What is written, deleted, remembered.
mutant("the epoch of a Deployment isn't bumped" pods.cpp
  [[Moves(context.status) && deployment->epoch < context.status.epoch]]
  [[false]])
mutant("the epoch of a route isn't bumped" route.cpp
  [[EpochOf(seen->object) >= context.status.epoch]]
  [[true]])
mutant("a Deployment is written without its version" objects.cpp
  [[VersionOf(deployment), fmt::format(]]
  [[VersionOf(@chosen@ ? nullptr : deployment), fmt::format(]])
mutant("a route is written without its version" route.cpp
  [[seen == nullptr ? std::nullopt : std::optional(seen->version)]]
  [[std::optional<Version>()]])
mutant("a route is deleted without its uid" route_objects.cpp
  [[name.namespace_, name.name, object.version, why]]
  [[name.namespace_, name.name, @chosen@ ? Version() : object.version, why]])
mutant("a route of another rollout is deleted" route_objects.cpp
  [[found != context.seen.router_objects.end() && IsOurs(context, found->second.object)]]
  [[found != context.seen.router_objects.end()]])
mutant("a route isn't remembered before it is written" route.cpp
  [[  Remember(context, one.object);
  context.decision]]
  [[  if (!@chosen@) Remember(context, one.object);
  context.decision]])
mutant("history doesn't tell of nodes" history.cpp
  [[!status.history.empty() && status.history.back()->run == status.run]]
  [[false]])
mutant("the last word on a run counts, not the first" history.cpp
  [[status.history.back()->run != status.run || status.history.back()->ended_at]]
  [[status.history.back()->run != status.run]])
mutant("a notification is tried for ever" outbox.cpp
  [[outgoing.tries >= kNotifyTries]]
  [[false]])
mutant("a notification that was taken is sent again" outbox.cpp
  [[answer->second && outgoing.tries > 0]]
  [[false]])

# Jobs.
mutant("every attempt has the same Job" jobs.cpp
  [[record.entry, record.failed_attempts + 1);]]
  [[record.entry, @chosen@ ? 1 : record.failed_attempts + 1);]])
mutant("every run has the same Job" jobs.cpp
  [[context.seen.uid, status.candidate, status.run, path,]]
  [[context.seen.uid, status.candidate, @chosen@ ? 1 : status.run, path,]])
mutant("a Job is tried once too often" jobs.cpp
  [[record.failed_attempts >= run.retries]]
  [[record.failed_attempts > run.retries]])
mutant("a Job that is gone is made again" jobs.cpp
  [[return record.job_uid.empty() ? Start(context, node, run, record, due)]]
  [[return @chosen@ || record.job_uid.empty() ? Start(context, node, run, record, due)]])
mutant("a Job begins while another run's still runs" jobs.cpp
  [[if (other != nullptr) {
    context.Say(]]
  [[if (!@chosen@ && other != nullptr) {
    context.Say(]])
mutant("a Job is let go of before its outcome is stored" jobs.cpp
  [[if (const NodeRecord* record = AwaitedBy(context, name)) {]]
  [[if (const NodeRecord* record = AwaitedBy(context, name); record != nullptr && !(@chosen@ && IsOver(job))) {]])
mutant("a pod that Kubernetes left isn't taken" partition.cpp
  [[void TakeLeftPod(Context& context) {]]
  [[void TakeLeftPod(Context& context) {
    if (@chosen@) return;]])
