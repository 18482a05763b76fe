import ImgbasedCore

extension CarryDecision {
    /// The decision for a copied place: as in the layer, absence too, plus additions of the new base.
    mutating func copy(_ base: NodeFacts?, _ ours: NodeFacts?, _ new: NodeFacts?, _ same: Sameness) {
        keepsNewBeside = false
        guard let ours else {
            finding = base == nil || new == nil ? nil : Finding(.deleted, "stays deleted")
            (content, attributes) = base == nil && new != nil ? (.new, new?.attributes) : (.none, nil)
            return
        }
        let isAsNew = same.oursAndNew && new.map { $0.attributes.isSame(as: ours.attributes) } ?? false
        finding = isAsNew ? nil : Finding(.carried, "as the lists say")
        (content, attributes) = (.ours, ours.attributes)
    }

    /// The decision for a link that sets the state of a unit.
    mutating func apply(_ unit: UnitStates.Decision, _ ours: NodeFacts?, _ new: NodeFacts?) {
        keepsNewBeside = false
        switch unit {
        case .theirs:
            finding = nil
            (content, attributes) = new.map { (.new, $0.attributes) } ?? (.none, nil)
        case .ours:
            finding = Finding(.carried, "the state of a unit")
            (content, attributes) = ours.map { (.ours, $0.attributes) } ?? (.none, nil)
        case .absent:
            finding = new == nil ? nil : Finding(.deleted, "the state of a unit")
            (content, attributes) = (.none, nil)
        }
    }

    /// Changes the decision as `rule` says.
    mutating func apply(
        _ rule: CarryRule?, _ base: NodeFacts?, _ ours: NodeFacts?, _ new: NodeFacts?, _ same: Sameness
    ) {
        switch rule {
        case nil, .merge, .whole: return
        case .fail:
            if finding?.outcome == .conflict { finding?.outcome = .refused }
        case .ours:
            keepsNewBeside = false
            let isAsNew = same.oursAndNew && CarryDecision.hasSameAttributes(ours, new)
            let words = ours == nil ? "stays absent, as the policy says" : "as the policy says"
            finding = isAsNew ? nil : Finding(ours == nil ? .deleted : .carried, words)
            (content, attributes) = ours.map { (.ours, $0.attributes) } ?? (.none, nil)
        case .skip, .theirs:
            keepsNewBeside = false
            let isUnchanged =
                same.baseAndOurs && CarryDecision.hasSameAttributes(base, ours)
                || same.oursAndNew && CarryDecision.hasSameAttributes(ours, new)
            let words = "changed here; the policy takes the new base's"
            finding = isUnchanged || rule == .skip ? nil : Finding(.replaced, words)
            (content, attributes) = new.map { (.new, $0.attributes) } ?? (.none, nil)
        }
    }

    private static func hasSameAttributes(_ a: NodeFacts?, _ b: NodeFacts?) -> Bool {
        switch (a, b) {
        case (nil, nil): true
        case (let a?, let b?): a.attributes.isSame(as: b.attributes)
        default: false
        }
    }
}
