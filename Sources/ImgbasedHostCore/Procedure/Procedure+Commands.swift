import ImgbasedCore

extension Procedure {
    /// `imgbase base add`
    public static func addBase(_ planner: BasePlanner) -> Procedure {
        Procedure(planner.goal, [.writeBase(planner)])
    }

    /// `imgbase layer add`, on the base or layer `source`, or the newest if `nil`. A new file system gets
    /// `uuid`.
    public static func addLayer(on source: String?, uuid: String) -> Procedure {
        let planner = LayerPlanner(source: source, uuid: uuid)
        return Procedure(
            "add a layer",
            [
                .finishInterrupted(tries: BootRecord.Trial.defaultTries, wanted: .planned(planner)),
                .beginLayer(planner),
            ])
    }

    /// `imgbase base remove` and `layer remove`
    public static func remove(_ target: RemovalPlanner.Target, isForced: Bool) -> Procedure {
        Procedure(target.goal, [.remove(RemovalPlanner(target, isForced: isForced))])
    }

    /// `imgbase update IMAGE`: keeps `keep` bases, and tries the new layer up to `tries` times.
    public static func update(_ image: BasePlanner, keep: Int, tries: Int, uuid: String) -> Procedure {
        var (base, layer) = (image, LayerPlanner(source: nil, uuid: uuid))
        base.isUpdate = true
        layer.tries = tries
        return Procedure(
            UpdatePlanner.goal,
            [
                .finishInterrupted(tries: tries, wanted: .updated(base: image.name)),
                .makeRoom(base, keep: keep), .writeUpdate(base, layer),
            ])
    }

    /// `imgbase update --complete`
    public static func completeUpdate() -> Procedure {
        Procedure("complete the update", [.openStaged])
    }

    /// `imgbase rollback`, to the given layer or the previous state. With `uuid`, for a new file system, the
    /// booted layer's configuration is carried into a new layer.
    public static func rollback(to layer: String?, carryingWith uuid: String?, tries: Int) -> Procedure {
        var planner = uuid.map { LayerPlanner(source: nil, uuid: $0) }
        planner?.tries = tries
        return Procedure(
            RollbackPlanner.goal,
            [
                .finishInterrupted(tries: BootRecord.Trial.defaultTries, wanted: .nothing),
                .chooseRollback(to: layer, planner, tries: tries),
            ])
    }

    /// `imgbase recover`
    public static func recover() -> Procedure {
        Procedure(
            Debris.goal, [.findDebris, .noticeRename, .clearDebris, .openTables(then: .write(orElse: nil))])
    }

    /// `imgbase boot refresh`
    public static func refresh() -> Procedure {
        Procedure(RefreshPlanner.goal, [.noticeRename, .refresh])
    }
}
