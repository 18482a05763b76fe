import ImgbasedCore

/// What plans would have changed by now if they were not only shown: those after them are planned from that.
struct Outlook {
    /// Volumes that would be there.
    var added: [Volume] = []
    /// Bases and layers that would be gone, by name.
    var removed: [String] = []

    /// The host in `state` as it would be.
    func applied(to state: HostState, _ names: HostNames) -> HostState {
        var state = state
        state.volumes.removeAll { $0.path.group == names.group && removed.contains($0.name) }
        state.volumes += added
        for name in removed { state.boot.entries[name] = nil }
        return removed.isEmpty ? state : state.afterRemoval(names)
    }
}
