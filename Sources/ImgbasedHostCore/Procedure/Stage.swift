import ImgbasedCore

/// A stage of a procedure. It makes at most one plan, from an observation.
public enum Stage: Sendable {
    /// Adds the complete layers of interrupted runs to the boot menu. If one of them is `wanted`, the
    /// procedure ends.
    case finishInterrupted(tries: Int, wanted: WantedLayer)
    /// Activates a complete layer, so that it can be read.
    case openLayer(LayerDraft)
    /// Removes bases beyond the number to `keep`, and more if there is no room, unless the update would be
    /// refused.
    case makeRoom(BasePlanner, keep: Int)
    /// Removes a base or layer.
    case remove(RemovalPlanner)
    /// Makes a base from the image.
    case writeBase(BasePlanner)
    /// Makes the base of an update from the image, before a layer on it.
    case writeUpdate(BasePlanner, LayerPlanner)
    /// Makes a layer.
    case beginLayer(LayerPlanner)
    /// Carries configuration into the layer, and runs hooks that change it.
    case furnishLayer(LayerDraft, LayerPlanner)
    /// Adds the layer and its kernel to the boot menu.
    case listLayer(LayerDraft, LayerPlanner)
    /// Activates the layer that waits for late changes, and keeps it from booting by itself until it has
    /// them.
    case openStaged
    /// Carries late changes into that layer.
    case carryLate(StagedLayer)
    /// Makes the layer boot next again, with an entry for its current contents.
    case listStaged(StagedLayer)
    /// Chooses the goal of a rollback. With a planner, a new layer gets the booted layer's configuration.
    case chooseRollback(to: String?, LayerPlanner?, tries: Int)
    /// Puts a layer on trial, after these hooks.
    case tryLayer(String, tries: Int, hooks: [Step])
    /// Finds the debris of interrupted runs.
    case findDebris
    /// Notices a renamed volume group.
    case noticeRename
    /// Writes the new name of the group into entries and tables.
    case followRename(GroupRename)
    /// Removes the debris of interrupted runs.
    case clearDebris
    /// Removes the debris that could not be found because of an unlisted layer.
    case clearRest(after: Debris)
    /// Gives the entry of the booted layer the newest kernel of the running system.
    case refresh
    /// Makes a base from the image, which is removed again.
    case writePreview(BasePlanner)
    /// Chooses the waiting layer for the survey.
    case previewStaged
    /// Chooses the base of the layer that a rollback goes back to for the survey.
    case previewRollback(to: String?)
    /// Activates the volumes that a survey reads. The steps in `after` follow the survey.
    case openSurvey(from: VolumePath?, on: VolumePath, after: [Step])
    /// Surveys a carry.
    case survey(CarryOrder, after: [Step])
    /// Lays out the disks of an installation.
    case prepareDisks(InstallPlanner)
    /// Puts the layers into the new boot loader's menu.
    case makeMenu
    /// Makes the pool for a conversion, and chooses its group.
    case prepareConversion(ConversionPlanner)
    /// Makes a change of a data volume in the running system.
    case changeVolume(DataPlanner)
    /// Activates the layers that are not, so that their tables can be read. Does nothing without data
    /// volumes.
    case openTables(then: TableTask)
    /// Writes the lines of data volumes into the tables, or looks for a volume in them; deactivates the
    /// `opened`.
    case useTables(TableTask, opened: [VolumePath])
    /// Makes the disks of an installation bootable.
    case completeInstallation(InstallPlanner, InstallSurvey)

    /// The question of the stage about the host.
    public var question: Question {
        switch self {
        case .writeBase(let planner) where planner.image.isSystem: .system(planner.image)
        case .makeRoom, .writeBase, .writeUpdate, .writePreview: .image
        case .furnishLayer(let draft, _): .contents(of: draft)
        case .listLayer(let draft, _): .finalContents(of: draft)
        case .carryLate(let staged): .fileSystem(on: staged.path)
        case .listStaged(let staged): .lateContents(of: staged.path)
        case .tryLayer(let layer, _, _): .helper(of: layer)
        case .followRename: .tables
        case .refresh: .runningKernel
        case .survey(let order, _): .survey(order)
        case .prepareDisks(let planner): .installation(disks: planner.layout.disks)
        case .prepareConversion(let planner):
            .conversion(root: planner.root, disks: planner.layout.disks)
        case .changeVolume(let planner) where planner.looksAtPlace: .place(planner.place)
        case .useTables: .layerTables
        case .finishInterrupted, .openLayer, .remove, .changeVolume, .openTables, .beginLayer, .openStaged,
            .chooseRollback, .findDebris,
            .noticeRename,
            .clearDebris, .clearRest, .previewStaged, .previewRollback, .openSurvey, .makeMenu,
            .completeInstallation:
            .nothing
        }
    }
}

/// A layer that, left complete by an interrupted run, makes the procedure unnecessary.
public enum WantedLayer: Sendable {
    /// No layer does.
    case nothing
    /// A layer that a planner would make.
    case planned(LayerPlanner)
    /// A layer with the configuration of another, on the given base if one is given.
    case updated(base: String?)

    func isMet(by draft: LayerDraft) -> Bool {
        switch self {
        case .nothing: false
        case .planned(let planner): planner.isMet(by: draft)
        case .updated(let base): draft.carriedFrom != nil && (base == nil || base == draft.base)
        }
    }
}

/// What is done with the tables of the layers.
public enum TableTask: Sendable {
    /// They get the lines of the attached volumes. If all have them, the reason is thrown.
    case write(orElse: HostRefusal?)
    /// A data volume is removed, unless they mount it.
    case remove(DataPlanner)
}
