/// Why no layer could be chosen.
public struct SelectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence without a full stop.
    public let reason: String

    /// The cause.
    public var description: String {
        reason
    }
}

/// A layer that was wanted and not taken.
public struct SkippedLayer: Hashable, Sendable {
    /// The layer, as it was asked for.
    public let layer: String
    /// Why not, one sentence without a full stop.
    public let reason: String

    /// Not `layer`, because of `reason`.
    public init(layer: String, reason: String) {
        self.layer = layer
        self.reason = reason
    }
}

/// Which layer to boot.
public struct LayerSelection: Hashable, Sendable {
    /// The name of the volume.
    public let volume: String
    /// The base it came from; `nil` for a volume that is no layer of ours.
    public let base: String?
    /// What decided, as the argument would be typed.
    public let chosenBy: String
    /// What came before it and was not taken.
    public let fallbacks: [SkippedLayer]

    private let candidates: ArraySlice<Candidate>
    private let catalog: LayerCatalog

    private struct Candidate: Hashable {
        let layer: LayerRequest
        let source: String
    }

    /// Chooses for `request` in `group`. The default layer, which `previous` is relative to, is `latest` where it is
    /// not given.
    ///
    /// - Throws: why nothing that was asked for is there.
    public init(
        _ request: BootRequest, in group: VolumeGroup, defaultLayer: String? = nil
    ) throws(SelectionError) {
        let first = Candidate(layer: request.layer, source: request.layerSource)
        let rest = request.fallback.map { Candidate(layer: $0, source: "rd.imgbased.fallback=\($0)") }
        let catalog = LayerCatalog(
            group, namesVolumes: request.namesVolumes, defaultLayer: defaultLayer)
        try self.init(([first] + rest)[...], in: catalog, skipped: [])
    }

    /// The next choice, this one having come to nothing because of `reason`.
    ///
    /// - Throws: why there is no other one.
    public func next(after reason: String) throws(SelectionError) -> LayerSelection {
        let failed = SkippedLayer(layer: volume, reason: reason)
        return try LayerSelection(candidates, in: catalog, skipped: fallbacks + [failed])
    }

    private init(
        _ candidates: ArraySlice<Candidate>, in catalog: LayerCatalog, skipped: [SkippedLayer]
    ) throws(SelectionError) {
        var skipped = skipped
        for index in candidates.indices {
            let candidate = candidates[index]
            do throws(SelectionError) {
                let volume = try catalog.volume(for: candidate.layer)
                // Once is enough: what failed would fail again.
                if skipped.contains(where: { $0.layer == volume.name }) { continue }
                self.volume = volume.name
                base = catalog.base(of: volume)
                chosenBy = candidate.source
                fallbacks = skipped
                self.candidates = candidates[(index + 1)...]
                self.catalog = catalog
                return
            } catch {
                skipped.append(SkippedLayer(layer: candidate.layer.description, reason: error.reason))
            }
        }
        let reasons = skipped.map { $0.reason }
        throw SelectionError(
            reason: reasons.isEmpty ? "no layer was asked for" : reasons.joined(separator: "; "))
    }
}
