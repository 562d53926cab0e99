//! Scripts that have a shell ask the program itself. They hand over the words as arguments and evaluate none of them.

/// A script for a program.
pub(super) fn of(script: &str, binary: &str) -> String {
    script.replace("PROGRAM", binary).replace("FUNCTION", &binary.replace('-', "_"))
}

pub(super) const BASH: &str = r#"# bash completion for PROGRAM
_FUNCTION_complete() {
    local IFS=$'\n' line word
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}") answer=()
    local current=${COMP_WORDS[COMP_CWORD]}
    [[ $current == "=" ]] && current=
    mapfile -t answer < <(PROGRAM __complete "${words[@]}" 2>/dev/null)
    COMPREPLY=()
    for line in "${answer[@]}"; do
        if [[ $line == :* ]]; then
            [[ $line == ":0" ]] && compopt -o default 2>/dev/null
            continue
        fi
        word=${line%%$'\t'*}
        [[ $word == "$current"* || $current == *=* ]] && COMPREPLY+=("$word")
    done
    # One match is inserted as it is; of several the descriptions are shown as well.
    if [[ ${#COMPREPLY[@]} -gt 1 && $COMP_TYPE == 63 ]]; then
        COMPREPLY=()
        for line in "${answer[@]}"; do
            [[ $line == :* ]] || COMPREPLY+=("${line/$'\t'/  -- }")
        done
    fi
}
complete -F _FUNCTION_complete PROGRAM
"#;

pub(super) const ZSH: &str = r#"#compdef PROGRAM
# zsh completion for PROGRAM
_FUNCTION_complete() {
    local line directive
    local -a answer described
    answer=("${(@f)$(PROGRAM __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "${answer[@]}"; do
        case $line in
            "") ;;
            :*) directive=$line ;;
            # A colon separates a word from what is said about it, so one within the word is escaped.
            *) line=${line//:/\\:}; described+=("${line/$'\t'/:}") ;;
        esac
    done
    [[ $PREFIX == -*=* ]] && compset -P '*='
    _describe -V 'PROGRAM' described
    [[ $directive == ":0" ]] && _files
}
# Sourced, or as a file of fpath.
if [[ $funcstack[1] == _PROGRAM ]]; then _FUNCTION_complete "$@"; else compdef _FUNCTION_complete PROGRAM; fi
"#;

pub(super) const FISH: &str = r#"# fish completion for PROGRAM
function __FUNCTION_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l before (string match -r -- '^-[^=]*=' (commandline -ct))
    for line in (PROGRAM __complete $words[2..-1] 2>/dev/null)
        switch $line
            case ':0'
                __fish_complete_path (string replace -- "$before" '' (commandline -ct) | string collect)
            case ':*'
            case '*'
                printf '%s\n' "$before$line"
        end
    end
end
complete -c PROGRAM -f -a '(__FUNCTION_complete)'
"#;

pub(super) const POWERSHELL: &str = r#"# PowerShell completion for PROGRAM
Register-ArgumentCompleter -Native -CommandName 'PROGRAM' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    # An empty argument would get lost on its way on older versions.
    if ($wordToComplete -eq '') { $words += '' }
    $PSNativeCommandArgumentPassing = 'Standard'
    $before = if ($wordToComplete -match '^(-[^=]*=)') { $Matches[1] } else { '' }
    & 'PROGRAM' __complete @words 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new("$before$word", $word, 'ParameterValue', $about)
    }
}
"#;
