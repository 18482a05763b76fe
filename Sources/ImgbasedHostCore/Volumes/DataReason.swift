import ImgbasedCore

/// The reasons for the refusal of a change of data volumes.
public enum DataReason: Error, Hashable, Sendable {
    case noPlace(String)
    case layersOwn(DataPlace, own: TreePath)
    case holdsLayersOwn(DataPlace, own: TreePath)
    case behindLink(DataPlace, real: String)
    case notADirectory(DataPlace)
    case isMountPoint(DataPlace, of: String)
    case holdsMounts(DataPlace, [String])
    case isInTable(DataPlace, source: String)
    case inUse(DataPlace, by: [String])
    case neverQuiet(DataPlace, [String])
    case taken(DataPlace, by: VolumePath)
    case exists(DataPlace, VolumePath)
    case noVolume(DataPlace)
    case severalVolumes(DataPlace, [String])
    case isAttached(DataPlace)
    case notAttached(DataPlace)
    case attachedElsewhere(String, at: DataPlace)
    case noThinVolume(String)
    case hasRole(String)
    case isUsed(VolumePath, by: [String])
    case notKept
    case twice(DataPlace)
    case hasLayers
}

extension DataReason: CustomStringConvertible {
    /// The reason and the remedy, as the end of a sentence.
    public var description: String {
        func list(_ words: [String]) -> String {
            let shown = words.prefix(4).map { "'\($0)'" }.joined(separator: ", ")
            return words.count > 4 ? shown + " and \(words.count - 4) more" : shown
        }
        switch self {
        case .noPlace(let text):
            return "'\(text)' is not the absolute path of a directory; give one as /srv or /var/lib/app"
        case .layersOwn(let place, let own):
            return
                "'\(own)' belongs to each layer, whose system is of one age with it, so layers cannot share "
                + "'\(place)'; give the directory of your data, as /srv, /home or /var/lib/app"
        case .holdsLayersOwn(let place, let own):
            return
                "'\(own)' in '\(place)' belongs to each layer, whose system is of one age with it; give volumes to "
                + "the directories of your data instead, as /var/log or /var/lib/app"
        case .behindLink(let place, let real):
            return "'\(place)' is '\(real)' behind a link; give that path"
        case .notADirectory(let place): return "'\(place)' is not a directory; give one"
        case .isMountPoint(let place, let source):
            return "'\(source)' is mounted at '\(place)'; unmount it, and take its line out of /etc/fstab"
        case .holdsMounts(let place, let inner):
            return
                "\(list(inner)) in '\(place)' \(inner.count == 1 ? "is" : "are") mounted, and would be hidden; "
                + "unmount what is in it, or detach it and reboot"
        case .isInTable(let place, let source):
            return "/etc/fstab mounts '\(source)' at '\(place)'; take that line out"
        case .inUse(let place, let users):
            return
                "'\(place)' is used by \(list(users)), and what a program writes there now would be lost; stop it, or "
                + "let it change to another directory"
        case .neverQuiet(let place, let paths):
            return "files in '\(place)' keep changing: \(list(paths)); stop the programs that write them"
        case .taken(let place, let volume):
            return
                "volume '\(volume)' is for '\(place)'; attach it with 'imgbase volume attach \(place)', or remove it "
                + "with 'imgbase volume remove \(place)'"
        case .exists(let place, let volume): return "volume '\(volume)' is attached at '\(place)' already"
        case .noVolume(let place):
            return "there is no volume for '\(place)'; 'imgbase volume' lists them"
        case .severalVolumes(let place, let names):
            return "\(list(names)) are for '\(place)'; name one"
        case .isAttached(let place):
            return "layers mount it at '\(place)'; detach it first with 'imgbase volume detach \(place)'"
        case .notAttached(let place): return "no layer mounts a volume at '\(place)'"
        case .attachedElsewhere(let name, let place):
            return "volume '\(name)' is attached at '\(place)'; detach it there first"
        case .noThinVolume(let name):
            return "there is no thin volume '\(name)' in the pool; 'lvs' lists the volumes"
        case .hasRole(let name): return "'\(name)' is a base or a layer"
        case .isUsed(let volume, let users):
            return "/etc/fstab of \(list(users)) mounts '\(volume)'; take the line out"
        case .notKept:
            return "this system keeps no changes; boot its layer normally"
        case .twice(let place): return "'\(place)' is named twice"
        case .hasLayers:
            return
                "there are layers, whose files a new volume would hide; make it with 'imgbase volume create'"
        }
    }
}
