import ImgbasedCore

/// A stage of a procedure. It makes at most one plan, from what was observed.
public enum Stage: Sendable {
    /// Layers that interrupted runs left complete get their place in the boot menu. If one of them is what is `wanted`,
    /// nothing else is to be done.
    case finishInterrupted(tries: Int, wanted: WantedLayer)
    /// A complete layer is activated, so that it can be looked into.
    case openLayer(LayerDraft)
    /// Bases beyond the number to `keep` are removed, unless the update would be refused all the same.
    case makeRoom(BasePlanner, keep: Int)
    /// A base or layer is removed.
    case remove(RemovalPlanner)
    /// The image becomes a base.
    case writeBase(BasePlanner)
    /// The image becomes the base of an update, which goes on with a layer on it.
    case writeUpdate(BasePlanner, LayerPlanner)
    /// A layer is made.
    case beginLayer(LayerPlanner)
    /// Configuration is carried into the layer, and hooks change it.
    case furnishLayer(LayerDraft, LayerPlanner)
    /// The layer gets its kernel and its place in the boot menu.
    case listLayer(LayerDraft, LayerPlanner)
    /// The layer that waits for late changes is activated, and not booted by itself until it has them.
    case openStaged
    /// Late changes are carried into it.
    case carryLate(StagedLayer)
    /// It is booted next again, by an entry that says what is in it now.
    case listStaged(StagedLayer)
    /// The goal of a rollback is chosen. With a planner, a new layer gets the configuration of the booted one.
    case chooseRollback(to: String?, LayerPlanner?, tries: Int)
    /// A layer is put on trial, after these hooks.
    case tryLayer(String, tries: Int, hooks: [Step])
    /// What interrupted runs left is found.
    case findDebris
    /// A renamed volume group is noticed.
    case noticeRename
    /// Entries and tables name the group by its new name.
    case followRename(GroupRename)
    /// What interrupted runs left is removed.
    case clearDebris
    /// The same for what an unlisted layer kept from being looked at.
    case clearRest(after: Debris)
    /// The entry of the booted layer gets the newest kernel of the running system.
    case refresh
    /// The image becomes a base that is removed again.
    case writePreview(BasePlanner)
    /// The waiting layer is the one to survey.
    case previewStaged
    /// The base of the layer that a rollback goes back to is the one to survey.
    case previewRollback(to: String?)
    /// The volumes that a survey reads are activated. What is in `after` is done when it has ended.
    case openSurvey(from: VolumePath?, on: VolumePath, after: [Step])
    /// What would be carried is looked at.
    case survey(CarryOrder, after: [Step])

    /// What the stage asks about the host.
    public var question: Question {
        switch self {
        case .makeRoom, .writeBase, .writeUpdate, .writePreview: .image
        case .furnishLayer(let draft, _): .contents(of: draft)
        case .listLayer(let draft, _): .finalContents(of: draft)
        case .carryLate(let staged): .fileSystem(on: staged.path)
        case .listStaged(let staged): .lateContents(of: staged.path)
        case .tryLayer(let layer, _, _): .helper(of: layer)
        case .followRename: .tables
        case .refresh: .runningKernel
        case .survey(let order, _): .survey(order)
        case .finishInterrupted, .openLayer, .remove, .beginLayer, .openStaged, .chooseRollback, .findDebris,
            .noticeRename,
            .clearDebris, .clearRest, .previewStaged, .previewRollback, .openSurvey:
            .nothing
        }
    }
}

/// Which layer makes a procedure needless, if an interrupted run has left it complete.
public enum WantedLayer: Sendable {
    /// None.
    case nothing
    /// One that a planner would make.
    case planned(LayerPlanner)
    /// One that carries the configuration of another; on the named base, if one is named.
    case updated(base: String?)

    func isMet(by draft: LayerDraft) -> Bool {
        switch self {
        case .nothing: false
        case .planned(let planner): planner.isMet(by: draft)
        case .updated(let base): draft.carriedFrom != nil && (base == nil || base == draft.base)
        }
    }
}
